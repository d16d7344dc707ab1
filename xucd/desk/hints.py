"""What other people's phones do, for those who want to see it: phone hints.

A number is a line's. Of one that is no line's, that alone is said, once. A user whom
`strict_rights` limits to its own is told of its own phone only, and all others do not exist.
"""

from xucd.center.directory import Line
from xucd.cti import messages as msg
from xucd.cti import topics, views
from xucd.cti.asks import SubscribeToPhoneHints, UnsubscribeFromAllPhoneHints
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk
from xucd.desk.own_phone import line_of


@carries_out(SubscribeToPhoneHints)
async def subscribe(desk: Desk, ask: SubscribeToPhoneHints, who: Session) -> None:
    """Send what each number's phone does, and from now on whenever it does something else."""
    for number in dict.fromkeys(ask.phone_numbers):
        line = desk.center.directory.line_by_number.get(number)
        if line is not None and not _may_see(desk, who, line):
            line = None
        if line is not None:
            desk.hub.subscribe(who, topics.phone_hint(line.number))
        state = desk.center.devices.get(line.interface) if line is not None else None
        who.send(hint(number, state))


@carries_out(UnsubscribeFromAllPhoneHints)
async def unsubscribe(desk: Desk, ask: UnsubscribeFromAllPhoneHints, who: Session) -> None:
    """Send no more of them."""
    for topic in [one for one in who.topics if topics.is_phone_hint(one)]:
        desk.hub.unsubscribe(who, topic)


def hint(number: str, state: str | None) -> msg.PhoneHintStatusEvent:
    """What a phone does, by Asterisk's device state; None for one that is not there."""
    return msg.PhoneHintStatusEvent(number=number, status=msg.PHONE_HINT[views.phone_status(state)])


def _may_see(desk: Desk, who: Session, line: Line) -> bool:
    bounded_to_own = who.user.profile is None and who.rights.group_ids is not None
    return not bounded_to_own or line_of(desk.center, who.user) is line
