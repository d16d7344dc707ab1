"""What a user's own phone is made to do, as it is written to Asterisk."""

import msgspec
import pytest

from xucd.ami.actions import Action, for_intent
from xucd.ami.contacts import everywhere
from xucd.ami.errors import InvalidValue, Rejected
from xucd.ami.framing import Block
from xucd.center.intents import DialOut, HangUp, SendOn

DIAL = DialOut("PJSIP/1001", "default", "1002", "1001", "xucd-dial-1")


def dial(**changed: str | bool) -> DialOut:
    return msgspec.structs.replace(DIAL, **changed)


def test_a_call_without_variables_dials_in_the_lines_own_context() -> None:
    action = for_intent(dial()).as_dict()
    assert (action["Context"], action["Exten"]) == ("default", "1002")
    assert action["Variable"] == "XUCD_DIAL=1002"
    assert action["ChannelId"] == action["ActionID"] == "xucd-dial-1"


def test_variables_travel_as_an_id_through_the_context_that_fetches_them() -> None:
    action = for_intent(dial(request_id="abc")).as_dict()
    assert action["Context"] == "xucd-dial"
    assert action["Variable"] == "XUCD_DIAL=1002,XUCD_CONTEXT=default,__XUCD_REQ=abc"


def test_all_registrations_of_a_phone_are_rung_through_the_dialplan() -> None:
    action = for_intent(dial(interface="PJSIP/bob.smith", everywhere=True)).as_dict()
    assert action["Channel"] == "Local/s@xucd-ring"
    assert (action["Context"], action["Exten"]) == ("default", "1002")
    assert action["Variable"] == "XUCD_DIAL=1002,XUCD_PHONE=bob.smith"
    assert (action["ChannelId"], action["OtherChannelId"]) == ("xucd-dial-1", "xucd-dial-1-2")


ANSWERS = [
    # A phone, its contacts as Asterisk lists them, its contexts, and whether all are rung.
    ("PJSIP/204", "PJSIP/204/sip:a&PJSIP/204/sip:b", "xucd-ring", True),
    ("PJSIP/204", "PJSIP/204/sip:a", "xucd-ring", False),
    ("PJSIP/204", "", "xucd-ring", False),
    ("PJSIP/204", "PJSIP/204/sip:a&PJSIP/204/sip:b", "xucd-dial", False),
    ("PJSIP/204", None, "xucd-ring", False),
    ("SIP/204", "a&b", "xucd-ring", False),
]


@pytest.mark.parametrize(("interface", "contacts", "context", "all_ring"), ANSWERS)
async def test_all_are_rung_where_there_are_several_and_the_dialplan_can(
    interface: str, contacts: str | None, context: str, all_ring: bool
) -> None:
    async def query(action: Action) -> list[Block]:
        asked = action.as_dict()
        if asked.get("Variable") == "PJSIP_DIAL_CONTACTS(204)" and contacts is not None:
            return [{"Response": "Success", "Value": contacts}]
        if asked.get("Context") == context and asked["Extension"] == "s":
            return [{"Response": "Success"}]
        raise Rejected(action.name, "there is none")

    intent = dial(interface=interface)
    found = await everywhere(intent, query)
    assert found.everywhere == all_ring
    assert found.interface == interface


@pytest.mark.parametrize("bad", ["1002,A=1", "1002\r\nAction: Command"])
@pytest.mark.parametrize("field", ["destination", "context", "request_id"])
def test_what_would_set_another_variable_or_run_another_action_is_refused(
    field: str, bad: str
) -> None:
    with pytest.raises(InvalidValue):
        for_intent(dial(**{"request_id": "abc", field: bad}))


def test_hanging_up_and_handing_on_name_the_exact_channel() -> None:
    assert for_intent(HangUp("PJSIP/1001-00000001")).headers == (
        ("Channel", "PJSIP/1001-00000001"),
    )
    assert for_intent(SendOn("PJSIP/1001-00000001", "default", "1002")).as_dict() == {
        "Action": "BlindTransfer",
        "Channel": "PJSIP/1001-00000001",
        "Context": "default",
        "Exten": "1002",
    }
