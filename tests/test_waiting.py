"""Who waits in which queue: one register, kept in the queues' order."""

import pytest

from xucd.center.events import CallerJoined
from xucd.center.waiting import Waiting, WaitingCall


def joined(unique_id: str, queue: str = "support", position: int = 1) -> CallerJoined:
    return CallerJoined(queue, f"PJSIP/trunk-{unique_id}", unique_id, position, "0230", "Ann")


def waiting(*unique_ids: str, queue: str = "support") -> Waiting:
    register = Waiting()
    for unique_id in unique_ids:
        register.add(WaitingCall(unique_id=unique_id, queue=queue, since=0.0))
    return register


def next_in(register: Waiting, **free: int) -> str:
    return "".join(call.unique_id for call in register.next_in(free))


def ids(register: Waiting, queue: str = "support") -> list[str]:
    return [call.unique_id for call in register.calls(queue)]


def test_a_waiting_call_is_known_by_its_channel_its_party_and_since_when() -> None:
    register = Waiting()
    register.join(joined("a"), 7.0)
    call = register.get("a")
    assert call is not None
    assert (call.queue, call.channel, call.since) == ("support", "PJSIP/trunk-a", 7.0)
    assert (call.number, call.name, call.ringing) == ("0230", "Ann", False)


@pytest.mark.parametrize(
    ("position", "order"),
    [
        (0, ["x", "a", "b", "c"]),
        (1, ["x", "a", "b", "c"]),
        (3, ["a", "b", "x", "c"]),
        (4, ["a", "b", "c", "x"]),
        (9, ["a", "b", "c", "x"]),
    ],
)
def test_a_caller_waits_at_its_position_counted_from_one(position: int, order: list[str]) -> None:
    register = waiting("a", "b", "c")
    register.join(joined("x", position=position), 0.0)
    assert ids(register) == order


def test_a_call_waits_in_one_queue_at_a_time() -> None:
    register = waiting("a", "b")
    register.join(joined("a", "sales"), 0.0)
    assert (ids(register), ids(register, "sales")) == (["b"], ["a"])
    left = register.leave("a")
    assert left is not None
    assert (left.unique_id, ids(register, "sales"), register.leave("a")) == ("a", [], None)
    register.clear()
    assert (register.get("b"), ids(register)) == (None, [])


def test_the_queue_of_a_call_is_that_of_its_first_channel_that_waits() -> None:
    register = waiting("a")
    register.join(joined("b", "sales"), 0.0)
    assert register.queue_among(["phone", "b", "a"]) == "sales"
    assert register.queue_among(["phone"]) == ""


def test_the_first_callers_of_each_queue_are_next_in_the_order_in_which_they_came() -> None:
    register = Waiting()
    for unique_id, queue in [("a", "sales"), ("b", "support"), ("c", "support"), ("d", "support")]:
        register.join(joined(unique_id, queue, 9), 0.0)
    assert next_in(register, support=1, sales=1) == "abc"
    register.ring("b", True)
    assert next_in(register, support=1) == "cd"
    register.ring("b", False)
    register.ring("unheard of", True)
    assert next_in(register, support=1) == "bc"
    assert next_in(register, support=2) == "bcd"
