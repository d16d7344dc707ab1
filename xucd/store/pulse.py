"""The pulse: until when xucd was alive, by the clock and by the machine's steady one.

It is written with the figures, and by itself when none moved. After a kill, whatever had lasted
until then is known to have: the time in a state and the talk time of a call need not be written
while they grow. And the two clocks tell whether the clock was set while xucd was away.
"""

import msgspec
from sqlalchemy import Connection, select

from xucd.center.under_way import Lately
from xucd.store import tables
from xucd.store.rows import put_rows

PULSE = "pulse"
"""The key of the pulse in the table `meta`."""

SET_S = 0.5
"""By how many seconds the clock has to be off for it to have been set."""


class ClockReading(msgspec.Struct, frozen=True):
    """The clock (epoch seconds) and, at the same moment, the steady one, in seconds since `boot`.

    `pbx` is Asterisk's clock at the second 0 of the steady one, None when it is not known.
    """

    wall: float
    steady: float
    boot: str
    pbx: float | None = None


class Heard(msgspec.Struct, frozen=True):
    """Until when all that Asterisk told is in the figures, and when it was first heard.

    `since` is None before it was, and if that is not remembered.
    """

    until: float
    since: float | None = None


class Pulse(msgspec.Struct, frozen=True):
    """xucd was alive at this moment, and had counted these calls to the end lately.

    Until `heard`, what Asterisk told is in the figures; None before it was first heard. That was at
    `since`; None also if it is not remembered.
    """

    clock: ClockReading
    lately: Lately
    heard: float | None = None
    since: float | None = None


def put_pulse(connection: Connection, pulse: Pulse) -> None:
    """Write the pulse in place of the one before."""
    text = msgspec.json.encode(pulse).decode()
    put_rows(connection, tables.meta, [{"key": PULSE, "value": text}])


def pulse_of(connection: Connection) -> Pulse | None:
    """The last pulse, None if there was none."""
    text = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == PULSE))
    return msgspec.json.decode(text, type=Pulse) if text is not None else None
