"""The pulse: until when the owner of a PBX was alive, by the clock and by the machine's steady one.

It is written with the figures, and by itself when none moved. After a kill, whatever had lasted
until then is known to have: the time in a state and the talk time of a call need not be written
while they grow. And the two clocks tell whether the clock was set while xucd was away.

Each PBX has its own. A node that owns one in another's place goes on with it.
"""

import msgspec
from sqlalchemy import Connection, select

from xucd.center.directory import MAIN
from xucd.center.under_way import Lately
from xucd.store import tables
from xucd.store.rows import put_rows

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
    """Until when all that a PBX told is in the figures, and when it was first heard.

    `since` is None before it was, and if that is not remembered.
    """

    until: float
    since: float | None = None
    pbx: str = MAIN


class Pulse(msgspec.Struct, frozen=True):
    """xucd was alive at this moment, and had counted these calls to the end lately.

    Until `heard`, what Asterisk told is in the figures; None before it was first heard. That was at
    `since`; None also if it is not remembered.
    """

    clock: ClockReading
    lately: Lately
    heard: float | None = None
    since: float | None = None


def put_pulse(connection: Connection, pbx: str, pulse: Pulse) -> None:
    """Write the pulse of a PBX in place of the one before."""
    text = msgspec.json.encode(pulse).decode()
    put_rows(connection, tables.meta, [{"key": key_of(pbx), "value": text}])


def pulse_of(connection: Connection, pbx: str) -> Pulse | None:
    """The last pulse of a PBX, None if there was none."""
    text = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == key_of(pbx)))
    return msgspec.json.decode(text, type=Pulse) if text is not None else None


def key_of(pbx: str) -> str:
    """The key of a PBX's pulse in the table `meta`."""
    return "pulse" if pbx == MAIN else f"pulse {pbx}"
