"""What `xucd check` finds of the settings and of this machine, which it leaves as they are."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.conftest import DEMO, PROJECT
from xucd import cli
from xucd.ami.actions import Action
from xucd.ami.framing import Block
from xucd.app import file_limit
from xucd.center.directory import Directory
from xucd.cli.running import asterisk_etc
from xucd.config.settings import SERVICE_CREDENTIALS, Settings, Web, load
from xucd.tools.checks import Finding, Level, as_text, exit_code
from xucd.tools.checks.dialplan import contexts
from xucd.tools.checks.machine import (
    Machine,
    manager,
    open_files,
    secrets,
    service_files,
    web,
)
from xucd.tools.checks.subject import Scope, Subject
from xucd.tools.discovery import FoundPbx

NOBODY = 65534
PLAIN = Settings()


def machine(tmp_path: Path, **of_web: object) -> Machine:
    """This machine as if no proxy were on it, with some settings of the web."""
    return Machine(
        settings=msgspec.structs.replace(PLAIN, web=Web(**of_web)),  # type: ignore[arg-type]
        root=tmp_path,
    )


def let_all_pass(folder: Path) -> None:
    """Let every user of the machine read a folder of the test's."""
    folder.chmod(0o755)
    for outer in folder.parents:
        if outer.stat().st_uid == os.geteuid() and outer != Path("/"):
            outer.chmod(outer.stat().st_mode | 0o011)


def found(findings: object) -> list[tuple[str, Level]]:
    assert hasattr(findings, "__iter__")
    return [(finding.code, finding.level) for finding in findings]


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"host": "localhost"},
        {"host": "::1"},
        {"host": "0.0.0.0", "tls_certificate": "a", "tls_key": "b"},
        {"origins": ("http://127.0.0.1:8090",)},
        {"origins": ("https://cc.example.org",), "trusted_proxies": ("127.0.0.1",)},
        {"host": "0.0.0.0", "tls_certificate": "a", "tls_key": "b", "origins": ("https://a.b",)},
    ],
)
def test_a_web_that_is_as_it_should_be_has_no_finding(
    tmp_path: Path, right: dict[str, object]
) -> None:
    assert list(web(machine(tmp_path, **right))) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "10.0.0.1", "::", "pbx.example.org"])
def test_an_address_that_others_reach_needs_tls(tmp_path: Path, host: str) -> None:
    (finding,) = web(machine(tmp_path, host=host))
    assert (finding.code, finding.level) == ("WebUnencrypted", "warning")
    assert f"web.host is {host}" in finding.text
    behind = web(machine(tmp_path, host=host, trusted_proxies=("192.0.2.2",)))
    assert found(behind) == [("WebUnencrypted", "note")]


def test_an_encrypted_origin_means_a_proxy_that_has_to_be_trusted(tmp_path: Path) -> None:
    (finding,) = web(machine(tmp_path, origins=("http://a.b", "https://cc.example.org")))
    assert (finding.code, finding.level) == ("ProxyUntrusted", "warning")
    assert "web.origins has https://cc.example.org" in finding.text
    assert "trusted_proxies" in finding.fix


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "nginx/sites-enabled/xucd",
            "server {\n location / { proxy_pass http://127.0.0.1:8090; }\n}",
        ),
        ("nginx/conf.d/xucd.conf", "upstream xucd { server localhost:8090; }"),
        ("caddy/Caddyfile", "cc.example.org {\n\treverse_proxy :8090\n}"),
        ("haproxy/haproxy.cfg", "backend xucd\n    server one 127.0.0.1:8090 check"),
        ("apache2/sites-enabled/xucd.conf", "ProxyPass / http://[::1]:8090/"),
    ],
)
def test_a_proxy_of_this_machine_has_to_be_trusted(tmp_path: Path, file: str, text: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.write_text(text)
    (finding,) = web(machine(tmp_path))
    assert finding.code == "ProxyUntrusted"
    assert f"{place} sends requests to port 8090" in finding.text
    assert list(web(machine(tmp_path, trusted_proxies=("127.0.0.1",)))) == []
    assert list(web(machine(tmp_path, port=8091))) == []
    place.write_text("".join(f"# {line}\n" for line in text.splitlines()) + "listen 0.0.0.0:8090")
    assert list(web(machine(tmp_path))) == []


@pytest.mark.parametrize("shipped", ["nginx.conf", "Caddyfile", "haproxy.cfg"])
def test_the_shipped_examples_are_recognised(tmp_path: Path, shipped: str) -> None:
    place = {
        "nginx.conf": "nginx/sites-enabled/xucd",
        "Caddyfile": "caddy/Caddyfile",
        "haproxy.cfg": "haproxy/haproxy.cfg",
    }[shipped]
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_bytes((PROJECT / "docs/proxy" / shipped).read_bytes())
    assert found(web(machine(tmp_path))) == [("ProxyUntrusted", "warning")]


def test_more_users_than_connections_are_told(tmp_path: Path) -> None:
    limited = Machine(settings=PLAIN, clients=file_limit.for_clients(1024), root=tmp_path)
    assert list(open_files(limited, 640)) == []
    (finding,) = open_files(limited, 641)
    assert (finding.code, finding.level) == ("TooFewFiles", "warning")
    assert "640 connections" in finding.text
    assert "641 users" in finding.text


SHOWN = {"ShowDialPlan": "Show a dialplan"}
"""The actions of an account."""


async def unasked(action: Action) -> list[Block]:
    raise AssertionError(action)


ACCOUNT = "[xucd]\nsecret = x\ndeny = 0.0.0.0/0.0.0.0\n"


@pytest.mark.parametrize(
    ("general", "accounts", "level"),
    [
        ("enabled = yes\nbindaddr = 127.0.0.1", "[other]\nsecret = x\n", None),
        ("enabled = yes\nbindaddr = ::1", "[other]\nsecret = x\n", None),
        ("enabled = yes\nbindaddr = [::1]:5038", "[other]\nsecret = x\n", None),
        ("enabled = yes\nbindaddr = 127.0.0.1:5038", "[other]\nsecret = x\n", None),
        ("enabled = no\nbindaddr = 0.0.0.0", "[other]\nsecret = x\n", None),
        ("enabled = yes\nbindaddr = 0.0.0.0", "[other]\nsecret = x\n", "warning"),
        ("enabled = yes\nbindaddr = ::", "[other]\nsecret = x\npermit = 10.0.0.1\n", "warning"),
        ("enabled = yes", "[other]\nsecret = x\n", "warning"),
        ("enabled = yes\nbindaddr = 192.0.2.1", "[other]\nsecret = x\n", "warning"),
        ("enabled = yes", "[other]\nsecret = x\nacl = office\n", "note"),
    ],
)
def test_a_manager_interface_for_other_machines_is_named(
    tmp_path: Path, general: str, accounts: str, level: Level | None
) -> None:
    (tmp_path / "manager.conf").write_text(
        f'[general]\n{general}\n#include "xucd.conf"\n{accounts}'
    )
    (tmp_path / "xucd.conf").write_text(ACCOUNT)
    findings = list(manager(Machine(PLAIN, etc=tmp_path)))
    assert found(findings) == ([("ManagerExposed", level)] if level else [])
    if findings:
        assert f"bindaddr = 127.0.0.1 under [general] in {tmp_path}/manager.conf" in findings[0].fix
        assert ("1 account (other)" in findings[0].text) is (level == "warning")


async def test_a_folder_of_asterisks_that_may_not_be_entered_is_as_if_it_were_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etc = tmp_path / "asterisk"
    etc.mkdir(mode=0o700)
    (etc / "manager.conf").write_text("[general]\nenabled = yes\n")
    let_all_pass(tmp_path)
    monkeypatch.setattr("xucd.tools.asterisk_files.PLACES", (etc,))
    assert asterisk_etc() == etc
    os.seteuid(NOBODY)
    try:
        assert asterisk_etc() is None
        closed = Machine(PLAIN, etc=etc, root=tmp_path)
        assert list(manager(closed)) == list(secrets(closed)) == []
        subject = Subject(unasked, SHOWN, FoundPbx(), Directory(), PLAIN.agi, Scope(etc=etc))
        assert subject.place("queues.conf") == f"{etc}/queues.conf"
        (missing,) = [finding async for finding in contexts(subject)]
    finally:
        os.seteuid(0)
    assert "to extensions.conf (with FreePBX or Issabel" in missing.fix


def test_secrets_that_all_can_read_are_told_of_asterisks_account_too(tmp_path: Path) -> None:
    let_all_pass(tmp_path)
    (tmp_path / "xucd").mkdir(mode=0o755)
    (tmp_path / "manager.conf").write_text(
        '[general]\n[other]\nsecret = x\n#include "xucd/m.conf"\n'
    )
    account = tmp_path / "xucd/m.conf"
    account.write_text("[xucd]\nsecret = long-and-random\n")
    for file in (account, tmp_path / "manager.conf"):
        file.chmod(0o644)
    subject = Machine(PLAIN, secrets=("a file is open: chmod o-r it",), etc=tmp_path, root=tmp_path)
    first, second = secrets(subject)
    assert (first.code, first.text, first.fix) == (
        "SecretExposed",
        "a file is open",
        "chmod o-r it",
    )
    assert second.fix == f"chmod o-r {account}"
    account.chmod(0o640)
    assert len(list(secrets(subject))) == 1


def service_of(tmp_path: Path) -> tuple[Machine, Path]:
    """The settings and the state of a service whose user is nobody."""
    let_all_pass(tmp_path)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    database = state / "xucd.db"
    database.touch(0o600)
    settings = tmp_path / "xucd.toml"
    settings.write_text("")
    settings.chmod(0o640)
    log = tmp_path / "queue_log"
    log.touch(0o640)
    for path in (state, database, settings, log):
        os.chown(path, NOBODY, -1)
    asterisk = msgspec.structs.replace(PLAIN.asterisk, queue_log=str(log))
    store = msgspec.structs.replace(PLAIN.store, url=f"sqlite:///{database}")
    configured = msgspec.structs.replace(PLAIN, asterisk=asterisk, store=store)
    return Machine(configured, files=(settings,), user="nobody", root=tmp_path), tmp_path


def test_what_the_services_user_cannot_use_is_told_to_root(tmp_path: Path) -> None:
    subject, folder = service_of(tmp_path)
    assert list(service_files(subject)) == []
    os.chown(folder / "xucd.toml", 0, 0)
    (finding,) = service_files(subject)
    assert (finding.code, finding.level) == ("ServiceCannotRead", "error")
    assert finding.text == f"the service's user nobody cannot read {folder}/xucd.toml"
    os.chown(folder / "xucd.toml", NOBODY, -1)
    os.chown(folder / "state/xucd.db", 0, 0)
    (finding,) = service_files(subject)
    assert (finding.code, finding.level) == ("ServiceCannotWrite", "error")
    assert finding.fix == f"chown nobody: {folder}/state/xucd.db"
    os.chown(folder / "state/xucd.db", NOBODY, -1)
    os.chown(folder / "queue_log", 0, 0)
    assert found(service_files(subject)) == [("ServiceCannotRead", "warning")]
    assert os.geteuid() == 0


def test_a_directorys_secret_that_only_root_can_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    let_all_pass(tmp_path)
    os.chown(tmp_path, NOBODY, -1)
    settings = tmp_path / "xucd.toml"
    settings.write_text(
        f'[ami]\nport = 1\nsecret = "4711-4711"\n[store]\nurl = "sqlite:///{tmp_path}/xucd.db"\n'
        '[oidc]\nsecret_file = "oidc-secret"\n[ldap]\nsecret_file = "ldap-secret"\n'
    )
    secrets = [tmp_path / "oidc-secret", tmp_path / "ldap-secret"]
    for file in secrets:
        file.write_text("of-its-own")
        file.chmod(0o600)
    os.chown(settings, NOBODY, -1)
    cli.main(["-c", str(settings), "check"])
    assert f"user nobody cannot read {secrets[0]}, {secrets[1]}" in capsys.readouterr().out
    for file in secrets:
        os.chown(file, NOBODY, -1)
    cli.main(["-c", str(settings), "check"])
    assert "ServiceCannotRead" not in capsys.readouterr().out


def test_the_exit_code_is_that_of_the_worst_finding() -> None:
    def of(*levels: Level) -> int:
        return exit_code([Finding("X", level, "", "") for level in levels])

    assert [of(), of("note"), of("note", "warning"), of("warning", "error", "note")] == [0, 0, 3, 1]
    text = as_text([Finding("A", "note", "a", "b"), Finding("B", "error", "c", "d")])
    assert text == "error B: c\n    fix: d\nnote A: a\n    fix: b"


def test_the_services_user_takes_the_secret_that_systemd_gave_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path("/run/credentials/xucd.service") == SERVICE_CREDENTIALS
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "ami-secret").write_text("of-the-service-4711")
    monkeypatch.setattr("xucd.config.settings.SERVICE_CREDENTIALS", given)
    (tmp_path / "xucd.toml").write_text('[ami]\nsecret_file = "ami-secret"\n')
    assert load(tmp_path / "xucd.toml", {}).ami.secret == "of-the-service-4711"
    (tmp_path / "ami-secret").write_text("beside-4711")
    assert load(tmp_path / "xucd.toml", {}).ami.secret == "beside-4711"


def test_a_centre_without_agents_and_one_that_cannot_be_read_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "xucd.toml").write_text(
        f'[ami]\nport = 1\nsecret = "4711-4711"\n[store]\nurl = "sqlite:///{tmp_path}/xucd.db"\n'
    )
    (tmp_path / "center.toml").write_text(
        '[[queues]]\nid = 1\nname = "sales"\ndisplayName = "Sales"\nnumber = "500"\n'
    )
    given = ["-c", str(tmp_path / "xucd.toml")]
    assert cli.main([*given, "center", "apply", str(tmp_path / "center.toml")]) == 0
    cli.main([*given, "check"])
    assert "warning CenterEmpty: no agents are configured" in capsys.readouterr().out
    for name in ("xucd.db-wal", "xucd.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "xucd.db").write_bytes(b"no database" * 1000)
    cli.main([*given, "check"])
    assert (
        "warning CenterUnchecked: the contact centre could not be read" in capsys.readouterr().out
    )


@pytest.mark.parametrize("there", [False, True], ids=["no database", "a database"])
def test_a_check_by_root_leaves_the_services_files_as_they_are(tmp_path: Path, there: bool) -> None:
    (tmp_path / "xucd.toml").write_text(
        f'[ami]\nport = 1\nsecret = "4711-4711"\n[store]\nurl = "sqlite:///{tmp_path}/xucd.db"\n'
    )
    os.chown(tmp_path, NOBODY, -1)

    def xucd(*arguments: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "xucd", "-c", "xucd.toml", *map(str, arguments)],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    if there:
        # Root's command makes the database, but for the folder's owner.
        assert xucd("center", "apply", DEMO).returncode == 0
        assert (tmp_path / "xucd.db").stat().st_uid == NOBODY
    before = {file: (file.stat().st_uid, file.read_bytes()) for file in tmp_path.iterdir()}
    done = xucd("check")
    assert done.returncode == 1
    assert "error CannotConnect" in done.stdout
    assert ("CenterEmpty" in done.stdout) is not there
    after = {file: (file.stat().st_uid, file.read_bytes()) for file in tmp_path.iterdir()}
    assert after == before
