"""The settings of a node: what is refused, and what is demanded of an owner and of an edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import certificate
from xucd.config.settings import Settings, SettingsError, load

STORE = '[store]\nurl = "postgresql://xucd@/xucd?host=/run/postgresql"\n'
CLUSTER = STORE + '[cluster]\nnode = "a"\nservers = ["tls://nats.example"]\n'
AMI = '[ami]\nsecret = "not-well-known"\n'
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"


def loaded(folder: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    file = folder / "xucd.toml"
    file.write_text(text)
    return load(file, environ or {})


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(folder, text)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CLUSTER.replace('node = "a"', ""), "cluster: node is missing"),
        (CLUSTER.replace('"a"', '"A"'), "cluster.node: may hold only the letters a to z"),
        (CLUSTER.replace('"a"', f'"{"a" * 33}"'), "cluster.node: may hold only"),
        (CLUSTER + 'pbx = "-x"', "cluster.pbx: may hold only"),
        (CLUSTER + 'name = "a.b"', "cluster.name: may hold only"),
        (CLUSTER + 'nodes = "b"', "cluster.nodes: there is no such key"),
        (CLUSTER.replace('"tls://nats.example"', ""), "cluster.servers is empty"),
        (CLUSTER.replace("tls:", "http:"), "cluster.servers[0]: has to look like tls://nats"),
        (CLUSTER.replace("nats.ex", "u:p@nats.ex"), "cluster.servers[0]: has to look like tls://"),
        (CLUSTER.replace("example", "example:70000"), "cluster.servers[0] is"),
        (CLUSTER.replace("nats.example", "[:::]"), "cluster.servers[0] is"),
        (CLUSTER.replace("tls:", "nats:"), 'cluster.servers[0] is "nats://nats.example" without'),
        (CLUSTER.replace(STORE, ""), "store.url is a SQLite file, which the nodes of a [cluster]"),
        (CLUSTER + f'nkey = "{SEED.replace("SU", "SA")}"', "cluster.nkey: has to be the seed of a"),
        (
            CLUSTER + f'nkey = "{SEED.replace("CSSL", "CSLS")}"',
            "cluster.nkey is not the seed that nk",
        ),
        (CLUSTER + f'nkey = "{SEED}"\nnkey_file = "b"', "is given beside cluster.nkey; give only"),
        (CLUSTER + 'nkey_file = "nowhere"', "cluster.nkey_file: "),
        (CLUSTER + 'ca_file = "ca.pem"', "cluster.ca_file: has to be a whole path"),
        (CLUSTER + 'ca_file = "/nowhere"', "cluster.ca_file: /nowhere cannot be read"),
        (
            "[web]\nprocesses = 2\n" + AMI,
            "web.processes is 2, but several processes are nodes of a",
        ),
        ("[web]\nprocesses = 2\n" + AMI + CLUSTER, "web.processes is 2, but this node has a PBX"),
        ("[web]\nprocesses = 0\n" + CLUSTER, "web.processes: expected a whole number >= 1"),
        ("[web]\nprocesses = 65\n" + CLUSTER, "web.processes: expected a whole number <= 64"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_key(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_a_node_is_taken_with_what_it_names_and_defaults_for_the_rest(tmp_path: Path) -> None:
    authority, _ = certificate(tmp_path)
    text = f'{CLUSTER}pbx = "north"\nname = "centre-2"\nca_file = "{authority}"\n'
    cluster = loaded(tmp_path, text).cluster
    assert cluster is not None
    assert (cluster.node, cluster.pbx, cluster.name) == ("a", "north", "centre-2")
    assert (cluster.servers, cluster.ca_file) == (("tls://nats.example",), authority)
    default = loaded(tmp_path, CLUSTER).cluster
    assert default is not None
    assert (default.pbx, default.name, default.nkey) == ("main", "xucd", "")
    assert loaded(tmp_path, AMI).cluster is None


def test_nats_on_this_machine_needs_no_tls(tmp_path: Path) -> None:
    for place in ("127.0.0.1:4222", "[::1]:4222", "localhost"):
        assert loaded(tmp_path, CLUSTER.replace("tls://nats.example", f"nats://{place}")).cluster


def test_an_nkey_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    seed = tmp_path / "nkey"
    seed.write_text(SEED + "\n")
    cluster = loaded(tmp_path, CLUSTER + 'nkey_file = "nkey"').cluster
    assert cluster is not None
    assert cluster.nkey == SEED
    seed.write_text(SEED[:-1])
    said = refusal(tmp_path, CLUSTER + 'nkey_file = "nkey"')
    assert said.startswith("xucd.toml: cluster.nkey: has to be the seed of a user")
    assert SEED[:-1] not in said


def test_a_node_without_a_pbx_is_an_edge_of_which_no_secret_is_demanded(tmp_path: Path) -> None:
    assert loaded(tmp_path, CLUSTER).is_edge
    assert not loaded(tmp_path, CLUSTER + AMI).is_edge
    assert not loaded(tmp_path, AMI).is_edge
    assert not loaded(tmp_path, CLUSTER, {"XUCD_AMI_SECRET": "not-well-known"}).is_edge


@pytest.mark.parametrize("ami", ["[ami]\n", "[ami]\nport = 5038\n"])
def test_a_node_with_a_table_of_a_pbx_is_no_edge_whatever_is_in_it(
    tmp_path: Path, ami: str
) -> None:
    assert "ami.secret is empty" in refusal(tmp_path, CLUSTER + ami)


def test_the_environment_alone_makes_a_node(tmp_path: Path) -> None:
    environ = {
        "XUCD_CLUSTER_NODE": "b",
        "XUCD_CLUSTER_SERVERS": "tls://one.example, tls://two.example:4223",
        "XUCD_STORE_URL": "postgresql://xucd@db/xucd",
    }
    found = load(None, environ)
    assert found.is_edge
    assert found.cluster is not None
    assert found.cluster.servers == ("tls://one.example", "tls://two.example:4223")
    # A seed in one place replaces a file that the other names.
    environ["XUCD_CLUSTER_NKEY"] = SEED
    mixed = loaded(tmp_path, CLUSTER + 'nkey_file = "nowhere"', environ)
    assert mixed.cluster is not None
    assert (mixed.cluster.node, mixed.cluster.nkey) == ("b", SEED)
    with pytest.raises(SettingsError, match="XUCD_CLUSTER_NODES in the environment names no"):
        load(None, environ | {"XUCD_CLUSTER_NODES": "b"})
