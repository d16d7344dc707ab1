"""Nodes speak over a NATS server with TLS, keys and permissions, as the documents have them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from integration.faults.waiting import until
from integration.nats import DocumentedNats
from integration.ports import free_port
from integration.running import Xucd
from tests.certificates import certificate
from tests.edged_lone import LoneEdgedXucd
from tests.test_edge_rest import CSV, requests_of, until_served
from xucd.cluster.nkey import Nkey

LONE = {"CannotConnect", "TooFewFiles"}
"""What there is to find of a node that has no Asterisk."""


class Centre(LoneEdgedXucd):
    """An owner and an edge, each with a user of its own at the NATS server."""

    def __init__(self, folder: Path, url: str, nats: DocumentedNats) -> None:
        super().__init__(folder, url, nats)
        self.nats = nats

    def node(self, folder: Path, like: Xucd, **changed: str) -> Xucd:
        """A further node, with the settings of one of these but for some of [cluster]."""
        text = like.file.read_text().replace(f"port = {like.own_port}", "port = {port}")
        for key, each in changed.items():
            value = f'["{each}"]' if key == "servers" else f'"{each}"'
            lines = [line for line in text.splitlines() if not line.startswith(f"{key} = ")]
            text = "\n".join(lines).replace("[cluster]\n", f"[cluster]\n{key} = {value}\n") + "\n"
        node = Xucd(self.pbx, folder, url=self.url)
        text = text.replace(f"port = {self.pbx.agi_port}", f"port = {free_port()}")
        node.file.write_text(text.replace("{port}", str(node.own_port)))
        node.more_environment = {"STATE_DIRECTORY": str(folder)}
        return node


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def centre(
    postgresql: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Centre]:
    with DocumentedNats() as nats:
        folder = tmp_path_factory.mktemp("documented")
        async with Centre(folder, postgresql("nats_rights"), nats) as centre:
            yield centre


async def findings(node: Xucd) -> dict[str, str]:
    """What `xucd check` says of a node: the texts, by code."""
    process = await node._run("check", "--json")
    printed, _ = await process.communicate()
    found: list[dict[str, Any]] = json.loads(printed)
    return {each["code"]: f"{each['text']}; {each['fix']}" for each in found}


async def until_it_says(node: Xucd, event: str, what: str) -> None:
    """Wait until a node has logged this."""

    async def has_said() -> bool:
        lines = (await asyncio.to_thread(node.log.read_text)).splitlines()
        return any(event in line and what in line for line in lines)

    await until(has_said)


async def test_users_of_an_edge_are_served_by_the_owner_with_a_key_for_each_node(
    centre: Centre,
) -> None:
    sue = await centre.rest("sue")
    await until_served(sue)
    file = "phoneNumber|lastName\n0230218001|Zoé\n"
    status, answer = await sue.ask("POST", await requests_of(sue), file, CSV)
    assert (status, answer["created"]) == (201, 1)
    page = await centre.client("sue")
    assert (await page.until("LinkStatus"))["pbx"] == "main"
    await page.close()
    for node in (centre, centre.edge):
        assert "turns something down" not in node.log.read_text()


async def test_the_check_of_a_node_that_nats_lets_speak_finds_nothing_and_disturbs_nobody(
    centre: Centre,
) -> None:
    await until_served(await centre.rest("sue"))
    for node in (centre, centre.edge):
        assert (await findings(node)).keys() <= LONE
    await until_served(await centre.rest("sue"))
    assert "lost" not in centre.edge.log.read_text().partition("owner is there")[2]
    assert "an edge" not in centre.log.read_text()


async def test_a_node_that_is_to_own_a_pbx_that_is_not_its_users_is_told_so(
    centre: Centre, tmp_path: Path
) -> None:
    node = centre.node(tmp_path, centre, pbx="north", node="owner-2")
    found = (await findings(node))["NatsTurnsDown"]
    assert "does not let this node own the PBX north" in found
    assert 'Subscription to "xucd.edge.*.north"' in found
    assert 'Publish to "xucd.pbx.north.xucd-check"' in found
    assert f"has the key {centre.nats.keys['owner'].public}" in found
    await node.spawn()
    try:
        await until_it_says(node, "NATS turns something down", '"xucd.edge.*.north"')
    finally:
        await node.stop()


async def test_an_edge_that_is_to_have_another_ones_name_is_told_so(
    centre: Centre, tmp_path: Path
) -> None:
    node = centre.node(tmp_path, centre.edge, node="edge-2")
    found = (await findings(node))["NatsTurnsDown"]
    assert "does not let this node be the edge edge-2" in found
    assert 'Subscription to "xucd.pbx.*.edge-2"' in found
    assert 'Publish to "xucd.edge.edge-2.main"' in found
    text = node.file.read_text()
    node.file.write_text(text.replace("[web]\n", "[web]\nprocesses = 2\n"))
    assert "the edge edge-2-2" in (await findings(node))["NatsTurnsDown"]


async def test_a_server_that_does_not_let_a_node_in_is_told_with_the_reason(
    centre: Centre, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    certificate(other, trusted=True)
    for changed, why in (
        ({"nkey": Nkey.new().seed}, "Authorization Violation"),
        ({"ca_file": str(other / "cert.pem")}, "certificate verify failed"),
        ({"servers": f"tls://127.0.0.1:{free_port()}"}, "Connect call failed"),
    ):
        found = (await findings(centre.node(tmp_path, centre.edge, **changed)))["NatsUnusable"]
        assert "cannot connect to NATS at tls://127.0.0.1:" in found
        assert why in found
