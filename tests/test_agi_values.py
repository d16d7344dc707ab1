"""What waits for a call, how values are written, and what placeholders become."""

import json

import pytest

from xucd.agi import syntax
from xucd.agi.call_variables import CallVariables, TooManyCalls
from xucd.agi.syntax import Unwritable
from xucd.ami import actions
from xucd.center import intents
from xucd.center.directory import Queue
from xucd.center.placeholders import filled, placeholders
from xucd.center.refused import Refused
from xucd.commands.dial_from_queue import caller_id
from xucd.commands.variables import store_variables
from xucd.cti import frames
from xucd.cti.commands import DialFromQueue


@pytest.mark.parametrize("value", ["a\nSET VARIABLE x y", "a\rb", "a\0b"])
def test_a_value_that_would_begin_a_new_command_is_refused(value: str) -> None:
    with pytest.raises(Unwritable):
        syntax.quoted(value)


def test_a_command_that_asterisk_would_cut_is_refused() -> None:
    with pytest.raises(Unwritable):
        syntax.command("SET", "VARIABLE", syntax.quoted("x" * 2100))
    with pytest.raises(Unwritable):
        syntax.command("SET", "\ud800")


def test_variables_stay_for_all_who_ask_until_their_time_is_over() -> None:
    now = 0.0
    requests = CallVariables(keep_s=10, clock=lambda: now)
    first = requests.put({"USR_a": "1"})
    assert requests.peek(first) == requests.peek(first) == {"USR_a": "1"}
    now = 5.0
    second = requests.put({})
    now = 10.0
    assert requests.peek(first) is None
    assert requests.peek(second) == {}
    requests.drop(second)
    assert requests.peek(second) is None


def test_only_so_many_calls_are_on_their_way() -> None:
    requests = CallVariables(max_calls=2)
    first = requests.put({})
    requests.put({})
    with pytest.raises(TooManyCalls):
        requests.put({})
    requests.drop(first)
    requests.put({})


def test_variables_are_named_for_the_user_and_written_as_json_writes_them() -> None:
    requests = CallVariables()
    given: dict[str, str | int | float | bool | None]
    given = {"a": "x y", "b": 7, "c": True, "d": None, "e": 1.5}
    assert requests.peek(store_variables(requests, given)) == {
        "USR_a": "x y",
        "USR_b": "7",
        "USR_c": "true",
        "USR_d": "",
        "USR_e": "1.5",
    }


@pytest.mark.parametrize(
    "given",
    [{"a": "x" * 4097}, {"a": "\U0001f600" * 2001}, {f"v{n}": "x" * 4096 for n in range(9)}],
)
def test_variables_that_are_too_large_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(Refused, match="VariablesTooLarge"):
        store_variables(CallVariables(), given)


def test_placeholders_are_filled_and_encoded_in_a_url() -> None:
    known = {"caller_number": "+33 1", "var:USR_q": "a&b=ç {queue}", "queue": "support"}
    text = "https://x/?t={caller_number}&q={var:USR_q}&k={{{queue}}}&n={caller_name}"
    assert placeholders(text) == ["caller_number", "var:USR_q", "queue", "caller_name"]
    assert filled(text, known, url=True) == (
        "https://x/?t=%2B33%201&q=a%26b%3D%C3%A7%20%7Bqueue%7D&k={support}&n="
    )
    assert filled("{var:USR_q}", known, url=False) == "a&b=ç {queue}"


@pytest.mark.parametrize("text", ["{", "a } b", "{callernumber}", "{var:}", "{var:A B}", "{}"])
def test_a_brace_without_a_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="brace"):
        placeholders(text)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, ("Support", "3000")),
        ({"callerId": '"Élise, Noël" <0298765432>'}, ("Élise, Noël", "0298765432")),
        ({"callerId": "Shop <0298765432>"}, ("Shop", "0298765432")),
        ({"callerId": "0298765432"}, ("", "0298765432")),
        ({"callerId": "Shop"}, ("Shop", "3000")),
        ({"callerIdName": "Shop", "callerIdNumber": "12"}, ("Shop", "12")),
        ({"callerIdName": "0298765432", "callerIdNumber": {"a": "1"}}, ("", "0298765432")),
    ],
)
def test_a_caller_id_is_taken_in_each_of_its_forms(
    given: dict[str, object], shown: tuple[str, str]
) -> None:
    frame = {"claz": "web", "command": "dialFromQueue", "destination": "12", "queueId": 1}
    ask = frames.decode(json.dumps({**frame, **given}))
    assert isinstance(ask, DialFromQueue)
    assert caller_id(ask, Queue(1, "support", "Support", "3000")) == shown


def test_a_caller_id_is_written_so_that_asterisk_reads_it_back() -> None:
    intent = intents.DialFromQueueIntent(
        "support", "12", "sales-floor", 'a"b\\c', "34", 25, "request", "call"
    )
    action = actions.for_intent(intent).as_dict()
    assert action["CallerID"] == '"a\\"b\\\\c" <34>'
    assert action["Channel"] == "Local/support@xucd-dial-from-queue/n"
    assert action["Variable"] == "__XUCD_REQ=request,__XUCD_TMO=25,XUCD_CONTEXT=sales-floor"
