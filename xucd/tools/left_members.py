"""What xucd leaves in Asterisk's queues when it is taken away, and the end of it.

A member that xucd has paused is made ready by nobody else: its phone would never ring again in that
queue, and a database keeps such a pause over restarts. Nor does anybody else remove the members
that it has added. So an agent's members are removed or made ready here, as if all had logged out.
Whatever others have added, or paused for a reason of their own, stays as it is.
"""

from collections.abc import Awaitable, Callable, Iterable

from xucd.ami.actions import Action, for_intent
from xucd.ami.connection import AmiSettings, log_in
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.ami.protocol import Lists, connect
from xucd.ami.resync import list_queues
from xucd.center.directory import Directory
from xucd.center.intents import LOGOUT_REASON, WRAPUP_REASON, RemoveMember, SetPause
from xucd.center.memberships import Memberships
from xucd.center.snapshot import QueuesSeen
from xucd.center.station import Station

Ending = RemoveMember | SetPause
"""Ends what xucd has made of one member of one queue."""

LIST_TIMEOUT = 30.0
"""Seconds for Asterisk to list its queues."""


def endings(
    seen: QueuesSeen, directory: Directory, stations: Iterable[Station] = ()
) -> list[Ending]:
    """What ends everything that xucd has made of members. `stations` tell who is on pause."""
    members = Memberships(directory)
    members.rebuild(seen)
    pauses = {(each.line_id, each.reason) for each in stations if each.paused}
    found: list[Ending] = []
    for member in (*(each for _, each in members.all()), *members.all_elsewhere()):
        line = members.line_of(member)
        is_agents = line is not None and member.member in directory.agent_by_member_name
        if is_agents and member.dynamic and member.queue in directory.queue_by_name:
            found.append(RemoveMember(member.queue, member.interface))
        elif member.paused and (
            member.reason in (LOGOUT_REASON, WRAPUP_REASON)
            or (line is not None and (line.id, member.reason) in pauses)
        ):
            found.append(SetPause(member.interface, False, "", member.queue))
    return sorted(found, key=lambda each: (each.queue or "", each.interface))


def sentence(ending: Ending) -> str:
    """What an ending does, for people."""
    does = "removed from" if isinstance(ending, RemoveMember) else "made ready in"
    return f"{ending.interface}: {does} {ending.queue}"


async def left_members(
    ami: AmiSettings, directory: Directory, stations: Iterable[Station], *, end: bool
) -> list[Ending]:
    """What there is to end; with `end` it is done. Raises `AmiError`."""
    manager = await connect(ami, lambda raw: None)

    lists = Lists(manager, max(ami.action_timeout, LIST_TIMEOUT))
    try:
        await log_in(manager, ami)
        found = endings(await list_queues(lists), directory, stations)
        return await _done(lists.query, found) if end else found
    finally:
        manager.close()


async def _done(
    query: Callable[[Action], Awaitable[list[Block]]], found: list[Ending]
) -> list[Ending]:
    """Those that Asterisk has carried out: a member may have gone meanwhile."""
    done = []
    for ending in found:
        try:
            await query(for_intent(ending))
        except Rejected:
            continue
        done.append(ending)
    return done
