"""What a user's own phone is made to do, as it is written to Asterisk."""

import pytest

from xucd.ami.actions import for_intent
from xucd.ami.errors import InvalidValue
from xucd.center.intents import DialOut, HangUp, SendOn


def dial(**changed: str) -> DialOut:
    fields = {
        "interface": "PJSIP/1001",
        "context": "default",
        "destination": "1002",
        "number": "1001",
        "unique_id": "xucd-dial-1",
    }
    return DialOut(**{**fields, **changed})


def test_a_call_without_variables_dials_in_the_lines_own_context() -> None:
    action = for_intent(dial()).as_dict()
    assert (action["Context"], action["Exten"]) == ("default", "1002")
    assert action["Variable"] == "XUCD_DIAL=1002"
    assert action["ChannelId"] == action["ActionID"] == "xucd-dial-1"


def test_variables_travel_as_an_id_through_the_context_that_fetches_them() -> None:
    action = for_intent(dial(request_id="abc")).as_dict()
    assert action["Context"] == "xucd-dial"
    assert action["Variable"] == "XUCD_DIAL=1002,XUCD_CONTEXT=default,__XUCD_REQ=abc"


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
