"""Whose phone is whose, and what its user is told of its calls.

An agent who is logged in works on the phone it sits at: that is its user's phone, whatever line the
user has of its own. Everybody else's phone is the one of its own line. Several users may share a
line; each is told under its own name.
"""

from collections.abc import Iterable

from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.changes import PhoneCall, Stage
from xucd.center.directory import Line, User
from xucd.center.refused import Refused
from xucd.cti import messages as msg
from xucd.cti.asks import GetCurrentCallsPhoneEvents
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk

_EVENTS: dict[Stage, msg.PhoneEventType] = {
    Stage.RINGING: "EventRinging",
    Stage.DIALING: "EventDialing",
    Stage.ESTABLISHED: "EventEstablished",
    Stage.ON_HOLD: "EventOnHold",
    Stage.RELEASED: "EventReleased",
}

_OUT_OF_REACH = ("UNAVAILABLE", "INVALID")


def line_of(center: Center, user: User) -> Line | None:
    """The line whose phone is the user's now, None for a user who has none."""
    live = center.agents.get(user.agent_id) if user.agent_id is not None else None
    if live is not None and live.stance is not Stance.OUT:
        return live.line
    return center.directory.lines.get(user.line_id) if user.line_id is not None else None


def check_in_reach(desk: Desk, line: Line) -> None:
    """Raise `Refused` with `PhoneUnreachable` when a line's phone cannot be rung."""
    if desk.center.devices.get(line.interface, "INVALID") in _OUT_OF_REACH:
        raise Refused("PhoneUnreachable", "The phone is not in reach.")


def users_of(center: Center, line: Line) -> Iterable[User]:
    """All users whose phone is that of the line now."""
    directory = center.directory
    likely = {user.id: user for user in directory.users_by_line.get(line.id, ())}
    live = center.on_interface.get(line.interface)
    if live is not None and (user := directory.users.get(live.agent.user_id)) is not None:
        likely[user.id] = user
    return [user for user in likely.values() if line_of(center, user) is line]


def phone_event(line: Line, user: User, call: PhoneCall) -> msg.PhoneEvent:
    """What a user is told of a call."""
    event = msg.PhoneEvent(
        event_type=_EVENTS[call.stage],
        number=line.number,
        other_number=call.number,
        other_name=call.name,
        linked_id=call.linked_id,
        unique_id=call.unique_id,
        call_direction="Incoming" if call.incoming else "Outgoing",
        user_data=call.variables,
        username=user.login,
    )
    if call.queue:
        event.queue_name = call.queue
    return event


@carries_out(GetCurrentCallsPhoneEvents)
async def get_current_calls(desk: Desk, ask: GetCurrentCallsPhoneEvents, who: Session) -> None:
    """Send what was last told of each call that the user's phone has now."""
    line = line_of(desk.center, who.user)
    legs = desk.center.phone_calls.of(line.interface) if line is not None else []
    who.send(
        msg.CurrentCallsPhoneEvents(
            events=[
                phone_event(line, who.user, leg.told)
                for leg in legs
                if line is not None and leg.told is not None
            ]
        )
    )


def own_line(desk: Desk, who: Session) -> Line:
    """The line of the user's phone. Raises `Refused` with `LineUnknown`."""
    line = line_of(desk.center, who.user)
    if line is None:
        raise Refused("LineUnknown", "The user has no phone.")
    return line
