"""Asterisk's clock beside xucd's: it is asked for, and what it dates is dated by xucd's."""

import asyncio
import time
from contextlib import suppress
from typing import TypeVar

import msgspec

from xucd.ami import actions
from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError
from xucd.ami.resync import pbx_time
from xucd.app.clock import Clock
from xucd.center.snapshot import MemberSeen, QueuesSeen, Snapshot

PBX_CLOCK_S = 2.0
"""How often Asterisk is asked for its clock, in seconds."""

Seen = TypeVar("Seen", Snapshot, QueuesSeen)


async def watch_clock(connection: Connection, clock: Clock) -> None:
    """Ask Asterisk for its clock, for ever, so that it is known when that was set."""
    while True:
        await asyncio.sleep(PBX_CLOCK_S)
        if connection.connected:
            with suppress(AmiError):  # the next connection tells
                asked = time.monotonic()
                (pong, *_) = await connection.query(actions.ping())
                clock.heard_of_pbx(pbx_time(pong), time.monotonic() - asked)


def dated(seen: Seen, clock: Clock) -> Seen:
    """What Asterisk lists, with its dates by xucd's clock."""
    members = tuple(_dated_member(member, clock) for member in seen.members)
    return msgspec.structs.replace(seen, members=members)


def _dated_member(member: MemberSeen, clock: Clock) -> MemberSeen:
    if not (member.last_call or member.last_pause):
        return member
    return msgspec.structs.replace(
        member,
        last_call=_own(member.last_call, clock),
        last_pause=_own(member.last_pause, clock),
    )


def _own(date: int, clock: Clock) -> int:
    return int(clock.own(date)) if date else 0
