"""Actions: what is written, and what is refused before anything is written."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xucd.ami import actions
from xucd.ami.actions import Action, for_intent
from xucd.ami.errors import InvalidValue
from xucd.center.intents import AddMember, Intent, Nudge, RemoveMember, SetPause, SetPenalty

PHONE = "PJSIP/1001"
SMUGGLED = "x\r\nAction: Originate\r\nApplication: System\r\nData: id"


def test_intents_become_actions() -> None:
    assert for_intent(AddMember("support", PHONE, "Agent/2501", 2)).as_dict() == {
        "Action": "QueueAdd",
        "Queue": "support",
        "Interface": PHONE,
        "MemberName": "Agent/2501",
        "Penalty": "2",
        "Paused": "false",
    }
    assert for_intent(RemoveMember("support", PHONE)).as_dict() == {
        "Action": "QueueRemove",
        "Queue": "support",
        "Interface": PHONE,
    }
    assert for_intent(SetPenalty("support", PHONE, 0)).as_dict() == {
        "Action": "QueuePenalty",
        "Queue": "support",
        "Interface": PHONE,
        "Penalty": "0",
    }
    assert for_intent(Nudge("PJSIP/trunk-1")).as_dict() == {
        "Action": "PlayDTMF",
        "Channel": "PJSIP/trunk-1",
        "Digit": "D",
        "Receive": "true",
    }


def test_a_pause_of_all_queues_names_none_and_an_unpause_no_reason() -> None:
    assert for_intent(SetPause(PHONE, True, "lunch")).as_dict() == {
        "Action": "QueuePause",
        "Interface": PHONE,
        "Paused": "true",
        "Reason": "lunch",
    }
    assert for_intent(SetPause(PHONE, False, queue="sales")).as_dict() == {
        "Action": "QueuePause",
        "Interface": PHONE,
        "Paused": "false",
        "Queue": "sales",
    }
    with pytest.raises(InvalidValue):
        for_intent(SetPause(PHONE, False, "lunch"))


@pytest.mark.parametrize("bad", [SMUGGLED, "a\rb", "a\nb", "a\0b", "\n", "half \ud83d"])
@pytest.mark.parametrize(
    "intent",
    [
        lambda bad: AddMember(bad, PHONE, "Agent/1", 0),
        lambda bad: AddMember("support", bad, "Agent/1", 0),
        lambda bad: AddMember("support", PHONE, bad, 0),
        lambda bad: RemoveMember(bad, PHONE),
        lambda bad: RemoveMember("support", bad),
        lambda bad: SetPenalty(bad, PHONE, 0),
        lambda bad: SetPenalty("support", bad, 0),
        lambda bad: SetPause(bad, True),
        lambda bad: SetPause(PHONE, True, bad),
        lambda bad: SetPause(PHONE, True, queue=bad),
        Nudge,
    ],
)
def test_a_value_that_could_smuggle_in_an_action_is_refused(
    intent: Callable[[str], Intent], bad: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        for_intent(intent(bad))
    assert refused.value.code == "InvalidValue"
    assert bad not in refused.value.text


def test_the_login_and_every_other_action_are_checked_too() -> None:
    makers: tuple[Callable[[], Action], ...] = (
        lambda: actions.login("xucd", SMUGGLED),
        lambda: actions.getvar(SMUGGLED),
        lambda: actions.setvar("X", SMUGGLED),
        lambda: Action("Ping\r\nAction: Command"),
    )
    for make in makers:
        with pytest.raises(InvalidValue):
            make()


def test_a_line_longer_than_asterisk_reads_is_refused_by_its_bytes() -> None:
    room = 1024 - len("Reason: \r\n")
    for_intent(SetPause(PHONE, True, "é" * (room // 2)))
    with pytest.raises(InvalidValue):
        for_intent(SetPause(PHONE, True, "é" * (room // 2) + "e"))


def test_no_action_is_made_anywhere_without_the_check() -> None:
    """Only `Action` is handed to panoramisk, in one place."""
    source = Path(actions.__file__).parent
    makers = [
        path.name
        for path in source.glob("*.py")
        if re.search(
            r"\bPendingAction\(|send_action|send_command|transport\.write", path.read_text()
        )
    ]
    assert makers == ["protocol.py"]
