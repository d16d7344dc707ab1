"""`xucd check` on real Asterisk: queues, members, lines and the dialplan of a contact centre."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.pbx import Pbx, owner_label
from integration.test_check import Agi, Ami, codes, extended
from xucd import cli
from xucd.center.directory import Agent, Directory, Line, Queue
from xucd.tools.check import check_center
from xucd.tools.checks import Finding, as_text
from xucd.tools.checks.subject import Scope

QUEUES = """
[ringing]
strategy = ringall
ringinuse = yes
[Default]
strategy = ringall
[untouched]
strategy = rrmemory
ringinuse = no
[owned]
strategy = rrmemory
ringinuse = no
membergosub = own-routine
[prepared]
strategy = rrmemory
ringinuse = no
[prepared](+)
setinterfacevar = yes
membergosub = xucd-sub-wrap
wrapuptime = 0
[routed](xucd-queue-wrapup)
[mixed](xucd-queue-wrapup)
member => PJSIP/trunk,0,Dan Fields
member => PJSIP/1002,0,Agent/2502
[silent]
strategy = rrmemory
ringinuse = no
membergosub = xucd-sub-wrap
[twice]
strategy = rrmemory
ringinuse = no
[twice](+)
setinterfacevar = yes
membergosub = xucd-sub-wrap
wrapuptime = 10
[template-of-old](!)
strategy = leastrecent
ringinuse = no
setinterfacevar = yes
membergosub = xucd-sub-wrap
[templated](template-of-old)
strategy = rrmemory
[staffed](xucd-queue)
member => PJSIP/trunk,0,Dan Fields
member => Local/211@phones-of-others/n,0,Élodie Noël
member => PJSIP/1002,0,Agent/2502
[späte Schicht]
strategy = ringall
ringinuse = no
"""
DIALPLAN = """
[nothing]
exten => s,1,Hangup()
exten => h,1,NoOp()
exten => 204,hint,PJSIP/1001
[switched]
switch => Realtime/@
[outer]
include => inner
[inner]
exten => _20X,1,Hangup()
[own-queues]
exten => 7001,1,Queue(routed,,,,20,,{macro}own-routine^a^b)
exten => 7002,1,Queue(routed,,,,20,,{macro}xucd-sub-wrap)
exten => 7003,1,Queue(unknown-to-xucd,,,,20,,{macro}own-routine)
exten => 7004,1,Set(QGOSUB=${{IF($[${{LEN(${{VQ_GOSUB}})}}>0]?${{VQ_GOSUB}}:${{QGOSUB}})}})
 same => n,Queue(routed,${{QOPTIONS}},${{QURL}},,20,${{QAGI}},{macro}${{QGOSUB}},${{QRULE}})
exten => 7005,1,Set(ROUTINE=another-routine)
 same => n,Queue(routed,,${{IF($[1 > 0]?a,b)}},,20,,{macro}${{ROUTINE}})
[own-routine]
exten => s,1,Return()
"""


@pytest.fixture(scope="module", params=["22", "16"])
def pbx(request: pytest.FixtureRequest) -> Iterator[Pbx]:
    name = f"xucd-check-center-{request.param}-{owner_label().replace(':', '-')}"
    with Pbx(request.param, name=name) as pbx:
        extended(pbx, "queues.conf", QUEUES)
        extended(pbx, "extensions.conf", DIALPLAN.format(macro="," if pbx.version == "16" else ""))
        pbx.cli("queue reload all")
        pbx.cli("dialplan reload")
        yield pbx


def edited(pbx: Pbx, file: str, script: str) -> None:
    """Change a file of Asterisk's configuration by a script of sed's."""
    assert pbx.name is not None
    command = ["docker", "exec", pbx.name, "sed", "-i", script, f"/etc/asterisk/{file}"]
    subprocess.run(command, check=True)


def center(queue: str = "prepared", wrapup: int = 5, context: str = "default") -> Directory:
    """A centre with one queue, one agent, and one line whose phone is always there."""
    return Directory(
        queues=[Queue(1, queue, queue, "3000", "default", wrapup)],
        lines=[Line(1, "1001", "PJSIP/trunk", context)],
        agents=[Agent(1, "2502", "Alice", "Johnson", 1, 1)],
    )


on_22_alone = pytest.mark.parametrize("pbx", ["22"], indirect=True)
"""For what Asterisk does not do in another way on 16."""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event is missed because the machine is busy."""
    monkeypatch.setattr("xucd.tools.check.EVENT_TIMEOUT", 10.0)


pytestmark = pytest.mark.usefixtures("patient")


async def findings(pbx: Pbx, directory: Directory, etc: Path | None = None) -> list[Finding]:
    ami = Ami(pbx.ami_port, "xucd", pbx.ami_secret)
    return await check_center(ami, Agi(pbx.agi_port), directory, Scope(etc=etc))


async def the_only(pbx: Pbx, directory: Directory, etc: Path | None = None) -> Finding:
    found = await findings(pbx, directory, etc)
    assert len(found) == 1, as_text(found)
    return found[0]


async def test_a_right_system_has_no_finding(pbx: Pbx) -> None:
    """Prepared in each way, named in another case or with accents, and dialling by includes."""
    queues = [("prepared", 5), ("SUPPORT", 5), ("untouched", 0), ("späte Schicht", 0)]
    right = Directory(
        queues=[Queue(id, name, name, "3000", "default", w) for id, (name, w) in enumerate(queues)],
        lines=[
            Line(id, f"10{id}", "PJSIP/trunk", context)
            for id, context in enumerate(("default", "outer", "switched"))
        ],
        agents=center().agents.values(),
    )
    found = await findings(pbx, right)
    assert found == [], as_text(found)


@on_22_alone
@pytest.mark.parametrize("queue", ["ringing", "default"])
async def test_a_queue_that_rings_who_talks_is_named(pbx: Pbx, queue: str) -> None:
    found = await the_only(pbx, center(queue, wrapup=0))
    assert (found.code, found.level) == ("RingInUse", "warning")
    shown = {"default": "Default"}.get(queue, queue)  # as Asterisk has it
    assert f"1 queue rings ({shown})" in found.text
    assert "ringinuse = no" in found.fix


async def test_a_wrap_up_by_ami_alone_is_a_note_with_its_limit(pbx: Pbx) -> None:
    found = await the_only(pbx, center("untouched"))
    assert (found.code, found.level) == ("WrapupByAmi", "note")
    assert "shorter than some 50 ms" in found.text
    assert "[untouched](+) with the lines setinterfacevar = yes, membergosub" in found.fix


@on_22_alone
async def test_an_agents_member_that_a_prepared_queue_does_not_pause_is_named(pbx: Pbx) -> None:
    """xucd-sub-wrap pauses those that are named Agent/… alone."""
    directory = Directory(
        queues=center("mixed").queues.values(),
        lines=[Line(1, "1001", "PJSIP/trunk")],
        agents=[
            Agent(1, "2502", "Alice", "Johnson", 1, 1),
            Agent(2, "2503", "Dan", "Fields", 1, 2, line_id=1),
        ],
    )
    found = await the_only(pbx, directory)
    assert (found.code, found.level) == ("WrapupByAmi", "note")
    assert "1 member (PJSIP/trunk Dan Fields in mixed) is not named Agent/" in found.text
    assert "such as Agent/2501" in found.fix


@on_22_alone
async def test_a_membergosub_of_ones_own_is_named(pbx: Pbx) -> None:
    found = await the_only(pbx, center("owned"))
    assert found.code == "WrapupByAmi"
    assert "(own-routine) with Gosub(xucd-sub-wrap,s,1)" in found.fix


@on_22_alone
@pytest.mark.parametrize(
    ("queue", "code", "mend"),
    [
        ("silent", "WrapupInterface", "setinterfacevar = yes"),
        ("twice", "WrapupTwice", "wrapuptime = 0"),
    ],
)
async def test_a_queue_that_is_half_prepared_is_named(
    pbx: Pbx, queue: str, code: str, mend: str
) -> None:
    found = await the_only(pbx, center(queue))
    assert (found.code, found.level) == (code, "warning")
    assert queue in found.text
    assert mend in found.fix


async def test_a_strategy_that_a_template_changed_is_named(pbx: Pbx) -> None:
    found = await the_only(pbx, center("templated"))
    assert (found.code, found.level) == ("StrategyChanged", "warning")
    assert "by rrmemory, and does by leastrecent" in found.text
    assert "[templated](+)" in found.fix


async def test_a_strategy_that_was_not_loaded_is_named(pbx: Pbx) -> None:
    extended(pbx, "queues.conf", "[late]\nstrategy = linear\nringinuse = no\n")
    pbx.cli("queue reload all")
    edited(pbx, "queues.conf", "s/= linear/= ringall/")
    found = await the_only(pbx, center("late", wrapup=0))
    assert found.code == "StrategyNotLoaded"
    assert "by linear, but queues.conf says ringall" in found.text


async def test_what_queues_conf_says_is_unknown_without_func_config(pbx: Pbx) -> None:
    pbx.cli("module unload func_config.so")
    try:
        found = await the_only(pbx, center("prepared"))
    finally:
        pbx.cli("module load func_config.so")
    assert (found.code, found.level) == ("QueueOptionsUnchecked", "note")
    assert "without func_config" in found.text


@on_22_alone
async def test_the_options_of_a_queue_that_queues_conf_does_not_hold_are_unknown(pbx: Pbx) -> None:
    extended(pbx, "queues.conf", "[elsewhere]\nstrategy = ringall\nringinuse = no\n")
    pbx.cli("queue reload all")
    edited(pbx, "queues.conf", "s/^\\[elsewhere\\]/[moved]/")
    found = await the_only(pbx, center("elsewhere"))
    assert (found.code, found.level) == ("QueueOptionsUnchecked", "note")
    assert "1 queue (elsewhere) with a wrap-up" in found.text


@on_22_alone
async def test_members_that_are_no_agents_are_named(pbx: Pbx) -> None:
    shared, others = await findings(pbx, center("staffed", wrapup=0))
    assert (shared.code, shared.level) == ("MembersOnLines", "warning")
    assert "1 member (PJSIP/trunk Dan Fields in staffed)" in shared.text
    assert (others.code, others.level) == ("MembersNoAgents", "note")
    assert "1 member (Local/211@phones-of-others/n Élodie Noël in staffed)" in others.text


@on_22_alone
async def test_members_of_agents_lines_are_agents(pbx: Pbx) -> None:
    directory = Directory(
        queues=center("staffed", wrapup=0).queues.values(),
        lines=[
            Line(1, "1001", "PJSIP/trunk"),
            # Told by its number.
            Line(2, "211", "Local/211@from-queue/n", "default", "PJSIP/trunk"),
        ],
        agents=[
            Agent(1, "2502", "Alice", "Johnson", 1, 1),
            Agent(2, "2503", "Dan", "Fields", 1, 2, line_id=1),
            Agent(3, "2504", "Élodie", "Noël", 1, 3, line_id=2),
        ],
    )
    assert await findings(pbx, directory) == []


@on_22_alone
async def test_a_context_in_which_nothing_can_be_dialled_is_named(pbx: Pbx) -> None:
    for context in ("nothing", "of-nobody"):
        found = await the_only(pbx, center(context=context))
        assert (found.code, found.level) == ("NothingToDial", "warning")
        assert f"in the context {context}, in which 1 line dials (1001)" in found.text


async def test_a_queue_step_with_a_subroutine_of_its_own_is_named(pbx: Pbx) -> None:
    found = await findings(pbx, center("routed"))
    assert codes(found) == {"QueueSubroutine"}, as_text(found)
    said = [re.search(r"extension (\d+) of .* subroutine (\S+)", each.text) for each in found]
    named = [each.groups() for each in said if each is not None]
    assert named == [("7001", "own-routine^a^b"), ("7005", "another-routine")]
    assert found[0].level == "note"
    assert "Queue(routed) in extension 7001 of the context own-queues" in found[0].text
    assert "shorter than some 50 ms" in found[0].text


@on_22_alone
async def test_all_contexts_missing_is_one_finding_that_names_line_and_file(
    pbx: Pbx, tmp_path: Path
) -> None:
    contexts = [
        "sub-wrap", "sub-answer", "record", "dial", "dial-from-queue", "destination", "join",
        "callback-key", "callback", "callback-listen", "ring",
    ]  # fmt: skip
    for context in contexts:
        pbx.cli(f"dialplan remove context xucd-{context}")
    (tmp_path / "extensions.conf").write_text('[general]\n; #include "xucd/extensions.conf"\n')
    try:
        found = await the_only(pbx, center())
        here = await the_only(pbx, center(), tmp_path)
        (tmp_path / "extensions.conf").write_text('#include "xucd/extensions.conf"\n')
        (tmp_path / "xucd").mkdir()
        (tmp_path / "xucd/extensions.conf").write_text("")
        unread = await the_only(pbx, center(), tmp_path)
    finally:
        pbx.cli("dialplan reload")
    assert (found.code, found.level) == ("ContextMissing", "error")
    assert all(f"xucd-{context}" in found.text for context in contexts)
    assert 'add the line #include "xucd/extensions.conf" to extensions.conf' in found.fix
    assert f'add the line #include "xucd/extensions.conf" to {tmp_path}/extensions.conf' in here.fix
    assert f"copy xucd's asterisk-conf/extensions.conf to {tmp_path}/xucd/" in here.fix
    assert unread.fix.startswith("nothing in the files")


@on_22_alone
@pytest.mark.parametrize("context", ["xucd-dial", "xucd-ring"])
async def test_one_context_alone_is_missed(pbx: Pbx, context: str) -> None:
    pbx.cli(f"dialplan remove context {context}")
    try:
        found = await the_only(pbx, center())
    finally:
        pbx.cli("dialplan reload")
    assert (found.code, found.level) == ("ContextMissing", "warning")
    assert f"not all of xucd's contexts: {context} (needed for" in found.text


@on_22_alone
@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("XUCDQUEUE", "xucd-dial-from-queue: no call is placed out of a queue whose"),
        ("XUCD_CONTEXT", "xucd-destination: calls out of a queue"),
    ],
)
async def test_an_older_dialplan_of_ours_is_named(pbx: Pbx, mark: str, said: str) -> None:
    edited(pbx, "xucd/extensions.conf", f"s/{mark}/OLDER/g")
    pbx.cli("dialplan reload")
    pbx.cli("dialplan remove context xucd-ring")
    try:
        found = await the_only(pbx, center())
    finally:
        edited(pbx, "xucd/extensions.conf", f"s/OLDER/{mark}/g")
        pbx.cli("dialplan reload")
    assert (found.code, found.level) == ("DialplanOutdated", "warning")
    assert f"of an older xucd; {said}" in found.text
    assert "xucd-ring is missing (needed for ringing all phones" in found.text
    assert "replace xucd's extensions.conf by that of this version" in found.fix


@on_22_alone
async def test_a_line_with_a_device_is_looked_for_by_it(pbx: Pbx) -> None:
    directory = center()
    lines = [
        Line(1, "211", "Local/211@from-queue/n", "default", "PJSIP/trunk"),
        Line(2, "212", "Local/212@from-queue/n", "default", "PJSIP/nobody"),
    ]
    found = await the_only(pbx, Directory(queues=directory.queues.values(), lines=lines))
    assert found.code == "LinesMissing"
    assert "1 line (PJSIP/nobody)" in found.text


@on_22_alone
@pytest.mark.parametrize(
    "case",
    [("prepared", 5, 0), ("untouched", 5, 0), ("ringing", 0, 3), ("of-nobody", 0, 1)],
    ids=["right", "note", "warning", "error"],
)
async def test_the_exit_code_says_how_bad_it_is(
    pbx: Pbx, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: tuple[str, int, int]
) -> None:
    queue, wrapup, code = case
    settings = str(tmp_path / "xucd.toml")
    (tmp_path / "xucd.toml").write_text(
        f'[web]\nport = 0\n[ami]\nport = {pbx.ami_port}\nsecret = "{pbx.ami_secret}"\n'
        f'[agi]\nport = {pbx.agi_port}\n[store]\nurl = "sqlite:///{tmp_path}/xucd.db"\n'
    )
    (tmp_path / "xucd.toml").chmod(0o600)
    (tmp_path / "center.toml").write_text(
        f'[[groups]]\nid = 1\nname = "all"\n[[queues]]\nid = 1\nname = "{queue}"\n'
        f'displayName = "Q"\nnumber = "3000"\nwrapup = {wrapup}\n[[lines]]\nid = 1\n'
        'number = "1001"\ninterface = "PJSIP/trunk"\n[[agents]]\nid = 1\nnumber = "2502"\n'
        'login = "alice"\nfirstName = "A"\nlastName = "J"\ngroup = 1\nline = "1001"\n'
    )

    assert cli.main(["-c", settings, "center", "apply", str(tmp_path / "center.toml")]) == 0
    capsys.readouterr()
    ended = await asyncio.to_thread(cli.main, ["-c", settings, "check", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert ended == code, found
    assert (found == []) == (queue == "prepared")
    assert all(finding.keys() == {"code", "level", "text", "fix"} for finding in found)
