"""`xucd check` on real Asterisk, 16 and 22: what is missing is found, and what is there is not."""

import asyncio
import contextlib
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration.fixtures import no_channels
from integration.pbx import Pbx, Ports, owner_label
from xucd.tools.check import check
from xucd.tools.checks import Finding, as_text
from xucd.tools.checks.subject import Scope

QUEUES = ("support", "sales", "billing")
CONF = Path(__file__).parent.parent / "asterisk-conf/manager.conf"
READ = "system,call,agent,dialplan"
WRITE = "agent,call,reporting,originate"
SECRET = "a-good-one-4711"


@dataclass(frozen=True)
class Ami:
    port: int
    username: str
    secret: str = SECRET
    host: str = "127.0.0.1"
    action_timeout: float = 30.0


@dataclass(frozen=True)
class Agi:
    port: int
    host: str = "127.0.0.1"


# Users of manager.conf, each with its own lack, and the findings that it must lead to.
FILTERS = "\n".join(re.findall(r"^eventfilter.*$", CONF.read_text(), re.MULTILINE))
NEW_FILTERS = "eventfilter(action(include),name(UserEvent)) = "
USERS = {
    "complete": (READ, WRITE, FILTERS, set()),
    "unfiltered": (READ, WRITE, "", {"EventsUnfiltered"}),
    "deaf-to-system": ("call,agent,dialplan", WRITE, FILTERS, {"ReadSystemMissing"}),
    "deaf-to-call": ("system,agent,dialplan", WRITE, FILTERS, {"ReadCallMissing"}),
    "deaf-to-agent": ("system,call,dialplan", WRITE, FILTERS, {"ReadAgentMissing"}),
    "deaf-to-dialplan": ("system,call,agent", WRITE, FILTERS, {"ReadDialplanMissing"}),
    "filtered-too-much": (
        READ,
        WRITE,
        "eventfilter = ^Event: FullyBooted",
        {"ReadCallMissing", "ReadAgentMissing", "ReadDialplanMissing"},
    ),
    "no-agent": (
        READ,
        "call,reporting,originate",
        FILTERS,
        {"WriteAgentMissing", "ReadAgentUnchecked"},
    ),
    "no-call": (
        READ,
        "agent,reporting,originate",
        FILTERS,
        {"WriteCallMissing", "ReadDialplanUnchecked"},
    ),
    "no-reporting": (READ, "agent,call,originate", FILTERS, {"WriteReportingMissing"}),
    "no-originate": (
        READ,
        "agent,call,reporting",
        FILTERS,
        {"WriteOriginateMissing", "ReadCallUnchecked"},
    ),
    "too-mighty": (READ, f"{WRITE},system,command,config", FILTERS, {"ExcessRights"}),
}


@pytest.fixture(scope="module", params=["22", "16"])
def pbx(request: pytest.FixtureRequest) -> Iterator[Pbx]:
    name = f"xucd-check-{request.param}-{owner_label().replace(':', '-')}"
    with Pbx(request.param, name=name) as pbx:
        users = {**USERS, "new-form": (READ, WRITE, NEW_FILTERS, set())}
        for user, (read, write, filters, _) in users.items():
            extended(
                pbx,
                "manager.conf",
                f"\n[{user}]\nsecret = {SECRET}\nread = {read}\nwrite = {write}\n{filters}\n",
            )
        pbx.cli("manager reload")
        yield pbx


def extended(pbx: Pbx, file: str, text: str) -> None:
    """Add to a file of Asterisk's configuration."""
    assert pbx.name is not None
    subprocess.run(
        ["docker", "exec", "-i", pbx.name, "sh", "-c", f"cat >> /etc/asterisk/{file}"],
        input=text.encode(),
        check=True,
    )


async def checked(
    pbx: Pbx, user: str, queues: tuple[str, ...] = QUEUES, port: int | None = None
) -> list[Finding]:
    return await check(Ami(port or pbx.ami_port, user), Agi(pbx.agi_port), queues)


AWAITED = re.compile(
    rb"Event: (FullyBooted|VarSet.*Variable: XUCD_CHECK|Newchannel|SoftHangupRequest"
    rb"|QueueMemberRemoved)",
    re.DOTALL,
)


@contextlib.asynccontextmanager
async def late(pbx: Pbx) -> AsyncIterator[int]:
    """A port to Asterisk's manager where the events that the check waits for are late.

    They come when the check asks for a sign of life.
    """
    async with contextlib.AsyncExitStack() as connections:

        async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
            asterisk, to_asterisk = await asyncio.open_connection("127.0.0.1", pbx.ami_port)
            connections.callback(to_asterisk.close)
            connections.callback(to_client.close)
            held: list[bytes] = []

            async def there() -> None:
                while block := await client.readuntil(b"\r\n\r\n"):
                    if block.startswith(b"Action: Ping"):
                        to_client.writelines(held)
                        held.clear()
                    to_asterisk.write(block)

            async def back() -> None:
                to_client.write(await asterisk.readuntil(b"\r\n"))  # the banner
                while block := await asterisk.readuntil(b"\r\n\r\n"):
                    if AWAITED.match(block):
                        held.append(block)
                    else:
                        to_client.write(block)

            # Whoever closes first ends both.
            with contextlib.suppress(asyncio.IncompleteReadError):
                await asyncio.gather(there(), back())

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event is missed because the machine is busy."""
    monkeypatch.setattr("xucd.tools.check.EVENT_TIMEOUT", 10.0)


@pytest.mark.usefixtures("patient")
async def test_an_asterisk_with_the_shipped_files_lacks_nothing(pbx: Pbx) -> None:
    ami = Ami(pbx.ami_port, "xucd", pbx.ami_secret)
    findings = await check(ami, Agi(pbx.agi_port), QUEUES)
    assert findings == []
    assert as_text(findings) == "no problems found: Asterisk has everything that xucd needs"


@pytest.mark.parametrize("user", USERS)
async def test_what_a_manager_user_lacks_is_found_and_nothing_else(pbx: Pbx, user: str) -> None:
    findings = await checked(pbx, user)
    assert codes(findings) == USERS[user][3], as_text(findings)
    assert all(finding.code in as_text(findings) for finding in findings)


async def test_the_newer_form_of_filters_is_found_out_on_16_only(pbx: Pbx) -> None:
    unfiltered = "EventsUnfiltered" in codes(await checked(pbx, "new-form"))
    assert unfiltered == (pbx.version == "16")


async def test_originate_is_not_missed_where_nothing_needs_it(pbx: Pbx) -> None:
    findings = await check(
        Ami(pbx.ami_port, "no-originate"), Agi(pbx.agi_port), QUEUES, scope=Scope(originate=False)
    )
    assert codes(findings) == {"ReadCallUnchecked"}


@pytest.mark.usefixtures("patient")
async def test_a_queue_that_asterisk_lacks_is_named(pbx: Pbx) -> None:
    findings = await checked(pbx, "complete", (*QUEUES, "boats"))
    assert codes(findings) == {"QueueUnknown"}, as_text(findings)
    assert "boats" in findings[0].text


async def test_an_asterisk_whose_events_are_late_lacks_nothing(pbx: Pbx) -> None:
    async with late(pbx) as port:
        findings = await checked(pbx, "complete", port=port)
    assert findings == [], as_text(findings)


@pytest.mark.usefixtures("patient")
async def test_the_check_leaves_nothing_behind(pbx: Pbx) -> None:
    await checked(pbx, "complete")
    assert "xucd-check" not in pbx.cli("queue show")
    # Asterisk cannot forget a global variable; empty is as good.
    assert not re.search(r"CHECK\w*=.", pbx.cli("dialplan show globals"))
    await no_channels(pbx)


@pytest.mark.usefixtures("patient")
async def test_an_agi_address_that_is_not_xucds_is_named(pbx: Pbx) -> None:
    findings = await check(Ami(pbx.ami_port, "complete"), Agi(1), QUEUES)
    assert codes(findings) == {"AgiElsewhere"}
    assert f":{pbx.agi_port}" in findings[0].text


@pytest.mark.usefixtures("patient")
async def test_an_address_that_another_node_has_left_behind_is_named(pbx: Pbx) -> None:
    ami, agi = Ami(pbx.ami_port, "complete"), Agi(pbx.agi_port)
    pbx.cli("dialplan set global XUCD_AGI 127.0.0.1:9")
    (left,) = await check(ami, agi, QUEUES)
    assert (left.code, left.level) == ("AgiElsewhere", "warning")
    assert "agi://127.0.0.1:9," in left.text
    command = re.search("asterisk -rx '(.*)'", left.fix)
    assert command is not None
    pbx.cli(command[1])
    assert await check(ami, agi, QUEUES) == []


@pytest.mark.usefixtures("patient")
async def test_where_nodes_may_own_the_pbx_fixed_addresses_are_named(pbx: Pbx) -> None:
    ami, scope = Ami(pbx.ami_port, "complete"), Scope(clustered=True)
    (fixed,) = await check(ami, Agi(1), QUEUES, scope=scope)  # another node has another port
    assert (fixed.code, fixed.level) == ("AgiFixed", "warning")
    assert "3 contexts (from-trunk, queues, to-queue)" in fixed.text
    pbx.cli("dialplan remove context xucd-agi")
    try:
        assert codes(await check(ami, Agi(1), QUEUES, scope=scope)) == {
            "AgiFixed",
            "ContextMissing",
        }
        # One xucd does without, by a file of an older version.
        assert await check(ami, Agi(pbx.agi_port), QUEUES) == []
    finally:
        pbx.cli("dialplan reload")


@pytest.mark.parametrize(
    ("module", "level"),
    [("app_chanspy", "warning"), ("app_mixmonitor", "warning"), ("app_senddtmf", "warning")],
)
async def test_a_module_that_is_not_loaded_is_named(pbx: Pbx, module: str, level: str) -> None:
    pbx.cli(f"module unload {module}.so")
    try:
        (finding,) = await checked(pbx, "complete")
    finally:
        pbx.cli(f"module load {module}.so")
    assert (finding.code, finding.level) == ("ModuleMissing", level)
    assert module in finding.text
    assert module in finding.fix


async def test_that_modules_cannot_be_seen_without_func_module_is_told(pbx: Pbx) -> None:
    pbx.cli("module unload func_module.so")
    try:
        (finding,) = await checked(pbx, "complete")
    finally:
        pbx.cli("module load func_module.so")
    assert (finding.code, finding.level) == ("ModulesUnchecked", "note")
    assert "app_stack, res_agi" in finding.text


async def test_a_context_that_is_gone_or_changed_is_named(pbx: Pbx) -> None:
    pbx.cli("dialplan remove context xucd-record")
    pbx.cli("dialplan remove extension s@xucd-sub-wrap 2")
    try:
        findings = await checked(pbx, "complete")
    finally:
        pbx.cli("dialplan reload")
    assert codes(findings) == {"ContextMissing", "WrapupContext"}


async def test_a_wrong_or_well_known_secret_is_an_error(pbx: Pbx) -> None:
    wrong = await check(Ami(pbx.ami_port, "complete", "wrong-4711"), Agi(pbx.agi_port), QUEUES)
    assert codes(wrong) == {"LoginRefused"}
    assert "wrong-4711" not in as_text(wrong)
    for secret in ("amp111", "Secret", ""):
        findings = await check(Ami(pbx.ami_port, "complete", secret), Agi(pbx.agi_port), QUEUES)
        assert "WeakSecret" in codes(findings)


async def test_an_asterisk_that_is_not_there_is_an_error() -> None:
    port = Ports.free().ami
    (finding,) = await check(Ami(port, "xucd"), Agi(1), QUEUES)
    assert finding.code == "CannotConnect"
    assert str(port) in finding.text


@pytest.mark.usefixtures("patient")
async def test_lines_that_asterisk_lacks_and_phones_not_registered_are_named(pbx: Pbx) -> None:
    lines = ("PJSIP/1001", "PJSIP/7777", "SIP/1001", "Local/3000@queues")
    ami = Ami(pbx.ami_port, "complete")
    missing, unregistered = await check(ami, Agi(pbx.agi_port), QUEUES, lines)
    assert (missing.code, missing.level) == ("LinesMissing", "warning")
    assert "2 lines (PJSIP/7777, SIP/1001)" in missing.text
    assert (unregistered.code, unregistered.level) == ("LinesUnregistered", "note")
    assert "1 line (PJSIP/1001)" in unregistered.text


@pytest.mark.usefixtures("patient")
async def test_a_device_that_asterisk_does_not_list_is_asked_for(pbx: Pbx) -> None:
    lines = ("Local/3000@queues/n", "Local/nobody@queues", "Custom:light")
    pbx.cli("module load func_devstate.so")
    try:
        findings = await check(
            Ami(pbx.ami_port, "complete"), Agi(pbx.agi_port), QUEUES, (*lines, "PJSIP/trunk")
        )
    finally:
        pbx.cli("module unload func_devstate.so")
    (missing,) = findings
    assert "1 line (Local/nobody@queues)" in missing.text
