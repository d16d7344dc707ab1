"""Which `Queue()` steps with a subroutine of their own `xucd check` names."""

import pytest

from tests.dialplans import dialplan
from xucd.ami.actions import Action
from xucd.ami.framing import Block
from xucd.center.directory import Directory, Queue
from xucd.config.settings import Agi
from xucd.tools.checks.dialplan import subroutines
from xucd.tools.checks.subject import Subject
from xucd.tools.discovery import FoundPbx

ELSE = "[else]\nexten => 900,1,Queue(sales)\n"


async def named(text: str) -> list[str]:
    """The extensions that are named; sales and q300 have a wrap-up, plain has none."""

    async def query(action: Action) -> list[Block]:
        assert action.name == "CoreSettings"
        return [{"AsteriskVersion": "22.1.0"}]

    queues = [Queue(1, "sales", "S", "1", wrapup=5), Queue(2, "q300", "Q", "2", wrapup=5)]
    center = Directory(queues=[*queues, Queue(3, "plain", "P", "3")])
    commands = {"ShowDialPlan": "", "CoreSettings": ""}
    pbx = FoundPbx(dialplan=dialplan(ELSE + text))
    found = [each async for each in subroutines(Subject(query, commands, pbx, center, Agi()))]
    assert {each.code for each in found} <= {"QueueSubroutine"}
    return [each.text.partition(" in extension ")[2].partition(" runs")[0] for each in found]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[a]\nexten => 500,1,Queue(Sales,,,,,,own)", "500 of the context a"),
        ("[a]\nexten => 500,1,Gosub(q,s,1(sales))\n[q]\nexten => s,1,Queue(${ARG1},,,,,,own)",
         "s of the context q"),
        ("[a]\nexten => 500,1,Macro(q,sales)\n[macro-q]\nexten => s,1,Queue(${ARG1},,,,,,own)",
         "s of the context macro-q"),
        ("[a]\nexten => 500,1,Set(__Q=sales)\nsame => n,Goto(q,s,1)\n"
         "[q]\nexten => s,1,Queue(${Q},,,,,,own)", "s of the context q"),
        ("[a]\nexten => _3XX,1,Queue(q${EXTEN},,,,,,own)", "_3XX of the context a"),
        # Calls that come in without a number, or by any.
        ("[a]\nexten => s,1,Gosub(q,s,1(sales))\n[q]\nexten => s,1,Queue(${ARG1},,,,,,own)",
         "s of the context q"),
        ("[a]\nexten => _X.,1,Gosub(q,s,1(sales))\n[q]\nexten => s,1,Queue(${ARG1},,,,,,own)",
         "s of the context q"),
    ],
)  # fmt: skip
async def test_a_step_of_a_queue_with_a_wrapup_is_named_wherever_it_stands(
    text: str, place: str
) -> None:
    assert await named(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nexten => 500,1,Queue(plain,,,,,,own)",
        "[a]\nexten => 500,1,Gosub(q,s,1(plain))\n[q]\nexten => s,1,Queue(${ARG1},,,,,,own)",
        "[a]\nexten => _4XX,1,Queue(q${EXTEN},,,,,,own)",
        "[a]\nexten => 500,1,Queue(sales,,,,,,xucd-sub-wrap)",
    ],
)
async def test_a_step_of_another_queue_or_with_xucds_subroutine_is_not_named(text: str) -> None:
    assert await named(text) == []
