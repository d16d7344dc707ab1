"""Who may do what with a callback, and what is made of its call. No database, no Asterisk."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.conftest import TODAY
from tests.scene import ALICE, BRUCE, SUPPORT, Scene
from xucd.center import callbacks as rules
from xucd.center import callee
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.callback_calls import CallbackCall, call_id
from xucd.center.callbacks import ANY_TIME, Request, Ticket, TicketUpdate
from xucd.center.events import ChannelState
from xucd.center.refused import Refused
from xucd.center.rights import Rights

AGENT = Rights(BRUCE, None, None)
OTHER = Rights(ALICE, None, None)
SUPERVISOR = Rights(None, frozenset({SUPPORT}), frozenset({1}), supervisor=True)
ELSEWHERE = Rights(None, frozenset({2}), frozenset({1}), supervisor=True)
ADMIN = Rights(None, None, None, supervisor=True)
OK = "ok"


def request(agent_id: int | None = None, clotured: bool = False) -> Request:
    return Request(
        uuid=uuid.uuid4(), list_uuid=uuid.uuid4(), queue_id=SUPPORT, phone_number="0230210082",
        agent_id=agent_id, due_date=TODAY, period=ANY_TIME, clotured=clotured,
        voice_message_ref=None, created=None,
    )  # fmt: skip


def outcome(check: Callable[[Request, Rights], None], seen: Request, rights: Rights) -> str:
    try:
        check(seen, rights)
    except Refused as refusal:
        return refusal.code
    return OK


@pytest.mark.parametrize(
    ("rights", "taken", "closed", "expected"),
    [
        (AGENT, None, False, OK),
        (OTHER, BRUCE, False, OK),  # who has it is for the database to say
        (AGENT, None, True, "CallbackClotured"),
        (SUPERVISOR, None, False, "AgentUnknown"),
        (Rights(BRUCE, frozenset({2}), None), None, False, "NotAuthorized"),
    ],
)
def test_who_may_take(rights: Rights, taken: int | None, closed: bool, expected: str) -> None:
    assert outcome(rules.check_take, request(taken, closed), rights) == expected


@pytest.mark.parametrize(
    ("rights", "taken", "closed", "expected"),
    [
        (AGENT, BRUCE, False, OK),
        (OTHER, BRUCE, False, "NotAuthorized"),
        (SUPERVISOR, BRUCE, False, OK),
        (ELSEWHERE, BRUCE, False, "NotAuthorized"),
        (ADMIN, BRUCE, False, OK),
        (AGENT, None, False, "NotTaken"),
        (SUPERVISOR, None, False, "NotTaken"),
        (ELSEWHERE, None, False, "NotAuthorized"),
        (AGENT, BRUCE, True, "CallbackClotured"),
        (Rights(None, None, None), BRUCE, False, "NotAuthorized"),
    ],
)
def test_who_may_work_on_it(rights: Rights, taken: int | None, closed: bool, expected: str) -> None:
    assert outcome(rules.check_work, request(taken, closed), rights) == expected


@pytest.mark.parametrize(
    ("rights", "taken", "expected"),
    [
        (OTHER, None, OK),
        (OTHER, BRUCE, "NotAuthorized"),
        (AGENT, BRUCE, OK),
        (SUPERVISOR, BRUCE, OK),
        (ELSEWHERE, None, "NotAuthorized"),
    ],
)
def test_who_may_change_or_remove_it(rights: Rights, taken: int | None, expected: str) -> None:
    assert outcome(rules.check_edit, request(taken), rights) == expected


def test_only_a_day_that_is_over_is_past() -> None:
    rules.check_date(None, TODAY)
    rules.check_date(TODAY, TODAY)
    with pytest.raises(Refused) as refusal:
        rules.check_date(TODAY - datetime.timedelta(days=1), TODAY)
    assert refusal.value.code == "DateInPast"


def test_a_refusal_is_told_by_a_code_a_text_and_who_has_the_callback() -> None:
    taken = request(BRUCE)
    refusals = [
        (rules.taken_by(taken), "CallbackTaken", "Another agent has taken this callback."),
        (rules.unknown("Ticket"), "TicketUnknown", "There is no such ticket."),
        (rules.unknown("List"), "ListUnknown", "There is no such list."),
    ]
    for refusal, code, text in refusals:
        assert (refusal.code, refusal.text, refusal.silent) == (code, text, False)
    assert refusals[0][0].detail == {"uuid": str(taken.uuid), "agentId": BRUCE}
    assert Refused("NotAuthorized").text == "NotAuthorized"
    assert str(Refused("X", "why")) == "('X', 'why')"


def test_a_callback_that_nobody_has_taken_is_refused_silently_and_all_else_aloud() -> None:
    cases = [
        (rules.check_work, request(), AGENT, "Nobody has taken this callback.", True),
        (rules.check_work, request(BRUCE, True), AGENT, "This callback is closed.", False),
        (rules.check_take, request(), SUPERVISOR, "Only an agent can take a callback.", False),
        (rules.check_edit, request(), ELSEWHERE, "The user's profile does not allow this.", False),
    ]
    for check, seen, rights, text, silent in cases:
        with pytest.raises(Refused) as refusal:
            check(seen, rights)
        assert (refusal.value.text, refusal.value.silent) == (text, silent)
    with pytest.raises(Refused) as refusal:
        rules.check_date(datetime.date.min, TODAY)
    assert refusal.value.text == "The date is in the past."


def test_a_callee_has_every_column_and_a_schema_of_what_is_sent_requires_them() -> None:
    assert callee.columns(request()) == {
        **dict.fromkeys(callee.KEYS),
        "phone_number": "0230210082",
    }
    keys = callee.KEYS.values()
    properties = {"uuid": {}, **{key: {"default": None} for key in keys}, "x": {"default": 1}}
    schema: dict[str, Any] = {"properties": properties, "required": ["uuid"]}
    callee.require_columns(schema)
    assert schema["required"] == ["uuid", *keys]
    assert schema["properties"] == {"uuid": {}, **{key: {} for key in keys}, "x": {"default": 1}}
    with_default = {"properties": {key: {} for key in keys}, "required": []}
    callee.require_columns(with_default)
    assert with_default["required"] == list(keys)


def test_an_update_is_in_a_ticket_when_all_that_it_fills_in_is_there_already() -> None:
    update = TicketUpdate(status="Callback", comment="later", due_date=TODAY, period_uuid=None)
    ticket = msgspec.structs.replace(
        Call().ticket, status="Callback", comment="later", due_date=TODAY
    )
    assert update.is_in(ticket)
    others: dict[str, object] = {
        "status": "Fax",
        "comment": "soon",
        "due_date": None,
        "period_uuid": uuid.uuid4(),
    }
    for field, value in others.items():
        assert not update.is_in(msgspec.structs.replace(ticket, **{field: value}))


class Call:
    """A callback's call from Bruce's phone, on a scene; what comes of it goes into `call`."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.scene.logs_in()
        self.ticket = Ticket(
            uuid=uuid.uuid4(), request_uuid=uuid.uuid4(), list_uuid=uuid.uuid4(), queue_id=SUPPORT,
            agent_id=BRUCE, phone_number="0230210082", started=self.scene.now,
        )  # fmt: skip
        self.call = CallbackCall(self.ticket)
        self.phone = call_id(self.ticket.uuid)

    def happens(self, *events: ev.Event) -> None:
        self.scene.forget()
        self.scene.happens(*events)
        for change in self.scene.told:
            if isinstance(change, ch.DialOutcome):
                self.call.apply_dial_outcome(change, self.scene.now)
            elif isinstance(change, ch.PhoneCallChanged):
                self.call.apply_phone_call(change.call, self.scene.now)

    def rings(self) -> None:
        phone, name, down = self.phone, "PJSIP/1001-1", ChannelState.DOWN
        self.happens(
            ev.ChannelCreated(name, phone, phone, down, "3000", "", "0230210082"),
            ev.ChannelMoved(phone, phone, ChannelState.RINGING, "1001", "", "3000", ""),
        )

    def is_picked_up(self) -> None:
        up = ChannelState.UP
        self.happens(
            ev.DialEnded("", self.phone, "ANSWER"),
            ev.ChannelMoved(self.phone, self.phone, up, "1001", "", "3000", ""),
        )

    def dials(self) -> None:
        down = ChannelState.DOWN
        self.happens(ev.ChannelCreated("PJSIP/trunk-2", "far", self.phone, down, "", "", ""))

    def is_answered(self) -> None:
        up = ChannelState.UP
        self.happens(
            ev.DialEnded(self.phone, "far", "ANSWER"),
            ev.ChannelMoved("far", self.phone, up, "0230210082", "", "3000", ""),
            ev.BridgeEntered("b", "far", self.phone),
            ev.BridgeEntered("b", self.phone, self.phone),
        )

    def is_over(self, status: str = "") -> None:
        if status:
            self.happens(ev.DialEnded(self.phone, "far", status))
        self.happens(ev.ChannelGone("PJSIP/1001-1", self.phone))


def test_a_ticket_is_told_when_the_customer_answered_and_how_long_they_talked() -> None:
    one = Call()
    one.rings()
    one.scene.passes(3)
    one.is_picked_up()
    one.dials()
    assert one.call.answered is None
    one.scene.passes(7)
    one.is_answered()
    assert one.call.answered == one.ticket.started + 10
    one.scene.passes(42)
    one.is_over()
    assert (one.call.duration, one.call.failure) == (42.0, None)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("BUSY", "NumberBusy"),
        ("NOANSWER", "NumberNotAnswered"),
        ("CONGESTION", "NumberUnreachable"),
        ("CHANUNAVAIL", "NumberUnreachable"),
        ("CANCEL", None),
        ("", "NumberUnknown"),
    ],
)
def test_why_nobody_was_reached(status: str, failure: str | None) -> None:
    one = Call()
    one.rings()
    one.is_picked_up()
    if status:
        one.dials()
    one.is_over(status)
    assert (one.call.answered, one.call.duration, one.call.failure) == (None, None, failure)
    assert one.call.ended is not None


def test_a_phone_that_is_not_picked_up_ends_the_call() -> None:
    one = Call()
    one.rings()
    one.happens(ev.DialEnded("", one.phone, "NOANSWER"))
    assert (one.call.ended, one.call.failure) == (one.scene.now, "PhoneNotAnswered")


def test_a_phone_that_was_never_picked_up_and_is_gone_failed_for_no_known_reason() -> None:
    one = Call()
    one.rings()
    one.is_over()
    assert (one.call.failure, one.call.ended) == (None, one.scene.now)


def test_a_number_that_was_busy_at_first_and_then_answered_has_not_failed() -> None:
    one = Call()
    one.rings()
    one.is_picked_up()
    one.dials()
    one.happens(ev.DialEnded(one.phone, "first", "BUSY"))
    assert (one.call.failure, one.call.ended) == ("NumberBusy", None)
    one.is_answered()
    assert (one.call.failure, one.call.ended) == (None, None)
    one.scene.passes(5)
    one.is_over()
    assert (one.call.failure, one.call.duration) == (None, 5)


def test_an_answered_call_has_not_failed_whatever_a_later_ring_came_to() -> None:
    one = Call()
    one.rings()
    one.is_picked_up()
    one.dials()
    one.is_answered()
    answered = one.call.answered
    one.scene.passes(5)
    one.happens(ev.DialEnded(one.phone, "second", "NOANSWER"))
    one.happens(ev.Held(one.phone, True), ev.Held(one.phone, False))
    assert (one.call.answered, one.call.ended) == (answered, None)
    one.is_over()
    assert (one.call.failure, one.call.duration) == (None, 5)


def test_a_call_that_another_xucd_saw_answered_counts_from_then() -> None:
    one = Call()
    one.call = CallbackCall(msgspec.structs.replace(one.ticket, answered=one.scene.now - 60))
    assert one.call.duration is None
    one.call.ended = one.scene.now
    assert one.call.duration == 60
    one.call.ended = one.scene.now - 61  # clocks differ
    assert one.call.duration == 0


def test_the_outcome_of_somebody_elses_dialling_is_not_told() -> None:
    one = Call()
    one.happens(ev.DialEnded("caller", "phone", "BUSY"))
    assert one.scene.told == []
