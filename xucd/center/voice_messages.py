"""Messages that callers leave: how they are named, and when they want to be called.

A message is known by a reference that nobody can guess and that means nothing: 32 hexadecimal
digits. Where its recording is, only Asterisk's dialplan knows.
"""

import datetime
from collections.abc import Iterable

from xucd.center.callbacks import Period
from xucd.center.channels import Channels

_DIGITS = frozenset("0123456789abcdef")

CHANNEL_ID = "xucd-message-"
"""How the unique ids of channels begin that xucd has asked for to play a message."""


def is_reference(text: str) -> bool:
    """Whether a text has the form of a message's reference."""
    return len(text) == 32 and _DIGITS.issuperset(text)


def channel_id(reference: str, token: str) -> str:
    """The unique id for a channel that is to hear a message."""
    return f"{CHANNEL_ID}{reference}-{token}"


def is_hearing(channels: Channels, interface: str, reference: str) -> bool:
    """Whether an interface hears a message, or is being rung to do so."""
    prefix = channel_id(reference, "")
    return any(one.unique_id.startswith(prefix) for one in channels.on(interface))


def due_date(periods: Iterable[Period], moment: datetime.datetime) -> datetime.date:
    """When somebody who asks for a call at this local moment is to be called.

    The same day, or the next one when the day's last period is over.
    """
    ends = [period.end for period in periods]
    late = bool(ends) and moment.time() > max(ends)
    return moment.date() + datetime.timedelta(days=late)
