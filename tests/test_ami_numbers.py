"""Whether the dialplan has a number, in the words of Asterisk 16 and 22."""

import pytest

from xucd.ami.actions import Action, for_intent
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.ami.numbers import check_number
from xucd.center.intents import FindNumber

WANTED = FindNumber("default", "*12")


class Asterisk:
    """Asterisk's dialplan: what it answers to `ShowDialPlan`, an error if it has a message."""

    def __init__(self, error: str = "") -> None:
        self.asked: list[Action] = []
        self._error = error

    async def query(self, action: Action) -> list[Block]:
        self.asked.append(action)
        if self._error:
            raise Rejected(action.name, self._error)
        return [{"Response": "Success", "Message": "DialPlan list will follow"}]


async def code_of(value: str, asterisk: Asterisk) -> str:
    try:
        await check_number(WANTED, {"Response": "Success", "Value": value}, asterisk.query)
    except Rejected as rejected:
        return rejected.code
    return ""


def test_the_dialplan_itself_is_asked_first() -> None:
    assert for_intent(WANTED).as_dict() == {
        "Action": "Getvar",
        "Variable": "DIALPLAN_EXISTS(default,*12,1)",
    }


@pytest.mark.parametrize(("value", "code"), [("1", ""), ("2", ""), ("0", "NumberUnknown")])
async def test_its_answer_counts(value: str, code: str) -> None:
    asterisk = Asterisk("Did not find extension *12@default")
    assert await code_of(value, asterisk) == code
    assert asterisk.asked == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("", ""),
        ("Did not find extension *12@default", "NumberUnknown"),
        ("Did not find context default", "NumberUnknown"),
    ],
)
async def test_without_the_function_the_lists_of_the_dialplan_count(error: str, code: str) -> None:
    asterisk = Asterisk(error)
    assert await code_of("", asterisk) == code
    assert [action.as_dict() for action in asterisk.asked] == [
        {"Action": "ShowDialPlan", "Context": "default", "Extension": "*12"}
    ]
