"""`xucd check` in a centre of several PBXs: the contexts and trunks by which agents are rung."""

from __future__ import annotations

import pytest

from tests.dialplans import dialplan
from xucd.ami.actions import Action
from xucd.ami.framing import Block
from xucd.center.directory import Directory, Line
from xucd.config.settings import Agi
from xucd.tools.checks import Finding
from xucd.tools.checks.dialplan import CONTEXTS, contexts
from xucd.tools.checks.subject import Subject
from xucd.tools.checks.trunks import trunks
from xucd.tools.discovery import FoundPbx

ONE = Directory(lines=[Line(1, "1001", "PJSIP/1001")])
SEVERAL = Directory(
    lines=[
        Line(1, "1001", "PJSIP/1001"),
        Line(2, "1002", "PJSIP/1002", pbx="north"),
        Line(3, "1003", "PJSIP/1003", pbx="south"),
    ]
).of_pbx("main")


async def found(centre: Directory, *devices: str, text: str = "") -> list[Finding]:
    """What is found of an Asterisk with these devices, and this dialplan."""

    async def query(action: Action) -> list[Block]:
        if action.name == "DeviceStateList":
            return [{}, *({"Event": "DeviceStateChange", "Device": each} for each in devices)]
        return [{}]

    pbx = FoundPbx(dialplan=dialplan(text))
    commands = {"DeviceStateList": "", "ShowDialPlan": "", "Getvar": ""}
    subject = Subject(query, commands, pbx, centre, Agi())
    return [each for check in (contexts, trunks) async for each in check(subject)]


def steps(*without: str) -> str:
    """A dialplan with xucd's contexts, but these."""
    text = ""
    for context in CONTEXTS:
        if context.name not in without:
            data = "xucd-wrapup MEMBERNAME XUCDQUEUE XUCD_CONTEXT"
            text += f"[{context.name}]\nexten => _[a-zA-Z_].,1,NoOp({data})\n"
    return text


OURS = ("xucd-agent", "xucd-to-pbx", "xucd-from-pbx")


async def test_a_single_pbx_needs_neither_trunks_nor_their_contexts() -> None:
    assert await found(ONE, text=steps(*OURS)) == []


async def test_with_several_pbxs_each_trunk_that_is_missing_is_named() -> None:
    here = ("PJSIP/1001", "PJSIP/xucd-north")
    (missing,) = await found(SEVERAL, *here, text=steps())
    assert (missing.code, missing.level) == ("TrunkMissing", "note")
    assert "1 trunk (xucd-south)" in missing.text
    assert await found(SEVERAL, *here, "PJSIP/xucd-south", text=steps()) == []


@pytest.mark.parametrize("context", OURS)
async def test_with_several_pbxs_each_context_that_is_missing_is_named(context: str) -> None:
    trunks = ("PJSIP/xucd-north", "PJSIP/xucd-south")
    (missing,) = await found(SEVERAL, *trunks, text=steps(context))
    assert (missing.code, missing.level) == ("ContextMissing", "warning")
    assert f"{context} (needed for queues that ring agents of other PBXs)" in missing.text
