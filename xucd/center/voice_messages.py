"""Messages that callers leave: their references, and when their callers are to be called.

A message's reference is 32 random hexadecimal digits. Only Asterisk's dialplan knows where the
recording is.
"""

import datetime
from collections.abc import Iterable

from xucd.center.callbacks import Period
from xucd.center.channels import Channels

_DIGITS = frozenset("0123456789abcdef")

CHANNEL_ID = "xucd-message-"
"""The prefix of the unique ids of channels on which xucd plays a message."""


def is_reference(text: str) -> bool:
    """Whether a text has the form of a message's reference."""
    return len(text) == 32 and _DIGITS.issuperset(text)


def channel_id(reference: str, token: str) -> str:
    """The unique id for a channel on which a message is to be played."""
    return f"{CHANNEL_ID}{reference}-{token}"


def is_hearing(channels: Channels, interface: str, reference: str) -> bool:
    """Whether a message is being played on an interface, or rings it."""
    prefix = channel_id(reference, "")
    return any(channel.unique_id.startswith(prefix) for channel in channels.on(interface))


def due_date(periods: Iterable[Period], moment: datetime.datetime) -> datetime.date:
    """The day on which a caller who asks for a call at this local moment is to be called.

    It is the same day, or the next one if the day's last period is over.
    """
    ends = [period.end for period in periods]
    late = bool(ends) and moment.time() > max(ends)
    return moment.date() + datetime.timedelta(days=late)
