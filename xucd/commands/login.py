"""Logging agents in and out: agent-api.txt, "Login and Authentication", in all five cases.

A login is stored before Asterisk is asked, and again when the agent is a member of all its queues,
so that a daemon killed in between completes it at its next start: an acknowledgement waits for the
first alone. A logout is stored before the members are removed, so that no phone goes on ringing for
an agent who has logged out; what it is stored with once they are gone is not waited for, either.

A login that fails is undone, whatever of it Asterisk has done or may still do: an action that was
not answered in time may be carried out late, and what is sent after it takes effect after it. A
logout that was not answered in time may come true late, too, and is then shown as one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec
import structlog

from xucd.center.agent import Stance
from xucd.center.directory import Line
from xucd.center.intents import RemoveMember
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rules import commanded
from xucd.center.rules.members import log_in_found
from xucd.center.snapshot import MemberSeen
from xucd.center.station import Station
from xucd.commands.asterisk import UNANSWERED
from xucd.commands.context import Context
from xucd.commands.homes import see_home, store_login, store_logout, take_home
from xucd.commands.locks import agent_key, line_key
from xucd.commands.lookup import (
    find_agent,
    find_configured,
    find_line,
    meant_agent,
    not_authorized,
    state_for,
    warning_of_reach,
)
from xucd.commands.members import NO_SUCH_MEMBER, join, leave, release
from xucd.cti.commands import AgentLogin, AgentLogout
from xucd.cti.session import Session

log = structlog.get_logger()

NO_QUEUE = frozenset({"NoSuchQueue", "AsteriskLacksAction"})
"""Refusals to add a member which say that there is no such queue, or no queue at all."""


async def login(context: Context, command: AgentLogin, who: Session) -> str | None:
    """Log an agent in on a line, taking the line over from whoever holds it.

    One that is logged in on it already is put into those of its queues that lack it.

    Returns a warning's code where no queue can ring the phone; it may be about to be switched on.
    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `PhoneNumberUnknown`,
    `LoggedInOnAnotherPhone` or `AsteriskUnavailable`.
    """
    async with _place(context, command, who) as (live, line):
        context.begin(command, who)  # somebody may have come to the line
        if live.stance is not Stance.OUT and live.line is not None:
            if live.line is not line:
                raise Refused(
                    "LoggedInOnAnotherPhone",
                    "The agent is logged in on another line.",
                    phoneNb=live.line.number,
                    RequestedNb=line.number,
                )
            if context.center.recalls.has(live.agent.id, context.now()):
                context.asterisk.check_current()  # a logout of before may yet come true
            if context.asterisk.current:
                await _complete(context, live, line)
            await context.journal.station_written(live.agent.id)
            who.send(state_for(context, live, who))
            return warning_of_reach(live)
        context.asterisk.check_current()
        holder = context.center.on_device.get(line.phone)
        if holder is not None:
            _check_may_take_line(live.agent.id, holder, who)
            await log_out(context, holder)
        try:
            who.check()
            await log_in(context, live, line)
        except Refused as refusal:
            refusal.partly = refusal.partly or holder is not None
            raise
        return warning_of_reach(live)


@contextlib.asynccontextmanager
async def _place(
    context: Context, command: AgentLogin, who: Session
) -> AsyncIterator[tuple[LiveAgent, Line]]:
    """The agent and the line that a login is for: it holds both, and whoever is on that line.

    Raises `Refused`.
    """
    async with context.stations(who):
        agent = find_configured(context, command.agent_id, who)
        line = find_line(context, command.phone_number)
        while True:
            holder = context.center.on_device.get(line.phone)
            agents = [agent] if holder is None else [agent, holder.agent]
            keys = [agent_key(each.id) for each in agents]
            async with context.locks.holding(line_key(line.id), *keys):
                # While this waited for one of them, somebody else may have come to the line, and
                # the agent to another group.
                if context.center.on_device.get(line.phone) is holder:
                    find_configured(context, command.agent_id, who)
                    await see_home(context, agent.id)
                    if context.center.is_away(agent.id):
                        context.asterisk.check_current()
                        if holder is not None:
                            _check_may_take_line(agent.id, holder, who)
                        await take_home(context, agent, line)
                    yield find_agent(context, command.agent_id, who), line
                    return


def _check_may_take_line(agent_id: int, holder: LiveAgent, who: Session) -> None:
    """A user takes a line for itself from anybody, for others only from whom it commands."""
    if agent_id != who.user.agent_id and not who.rights.agent(holder.agent):
        raise not_authorized()


async def logout(context: Context, command: AgentLogout, who: Session) -> None:
    """Log an agent out; idempotent.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, or as asking Asterisk does.
    """
    async with context.stations(who, meant_agent(command.agent_id, who)):
        live = find_agent(context, command.agent_id, who)
        if live.stance is Stance.OUT:
            # A logout of before may not be in the store yet.
            await context.journal.station_written(live.agent.id)
            who.send(state_for(context, live, who))
            return
        context.asterisk.check_current()
        await log_out(context, live)
        if live.queues.keys() - context.center.members.queue_ids:
            # Asterisk has lost a queue of its: say behind the result, too, what it came to.
            asyncio.get_running_loop().call_soon(who.send, state_for(context, live, who))


async def log_in(context: Context, live: LiveAgent, line: Line) -> None:
    """Log an agent in on a free line, in all of its queues or in none.

    To be called by who holds both. Raises `Refused`.
    """
    agent = live.agent
    station = _station(context, live, line, logged_in=True)
    await store_login(context, station, line)
    # Not before: a list that comes while it is written takes the agent to be out, and settled.
    commanded.begin_login(context.center, agent.id)
    context.center.expect_station(station)
    try:
        commanded.log_in_without_queues(context.center, agent.id, line, context.now())
        log_in_found(context.center, agent.id, line, context.now())
        await _join_queues(context, live, line, enough=1)
    except Refused as refusal:
        commanded.fail_login(context.center, agent.id, line)
        if refusal.code in UNANSWERED:
            await _recall(context, live, line)
        else:
            await log_out(context, live)
        raise


async def _complete(context: Context, live: LiveAgent, line: Line) -> None:
    """Put a logged-in agent into those of its queues that lack it.

    Asterisk is asked for all of them: it may have lost members without an event.
    """
    context.center.recalls.end(live.agent.id)
    if live.agent.id not in context.center.stations:  # Asterisk's configuration has logged it in
        station = _station(context, live, line, logged_in=True)
        await context.journal.put_station(station)
        context.center.expect_station(station)
    await _join_queues(context, live, line, enough=0)


async def _join_queues(context: Context, live: LiveAgent, line: Line, *, enough: int) -> None:
    """Make the agent a member of all its queues that Asterisk has, and of those it is parked in.

    Queues that Asterisk does not have are tolerated where it has `enough` others. Raises `Refused`.
    """
    missing: set[int] = set()

    def shelved() -> list[MemberSeen]:
        found = context.center.owners.shelved(live, line)
        return [member for queue_id, member in found if queue_id not in live.queues]

    async def join_all() -> None:
        names = context.center.directory.queues
        joins = [
            join(context, live, line, names[queue_id], penalty)
            for queue_id, penalty in live.queues.items()
        ]
        releases = [release(context, live, member) for member in shelved()]
        released = asyncio.gather(*releases)
        outcomes = await asyncio.gather(*joins, return_exceptions=True)
        await released
        for queue_id, outcome in zip(list(live.queues), outcomes, strict=False):
            if isinstance(outcome, Refused) and outcome.code in NO_QUEUE:
                missing.add(queue_id)
                if len(outcomes) - len(missing) >= enough:
                    log.warning(
                        "Asterisk has no such queue",
                        queue=names[queue_id].name,
                        agent=live.agent.number,
                    )
                    continue
            if isinstance(outcome, BaseException):
                raise outcome

    await context.asterisk.until(
        lambda: (
            live.stance is not Stance.OUT
            and live.queues.keys() - missing <= live.members.keys()
            and not shelved()
        ),
        join_all(),
        agent_id=live.agent.id,
    )
    commanded.settle(context.center, live.agent.id, missing)
    context.publish()


async def _recall(context: Context, live: LiveAgent, line: Line) -> None:
    """Take back a login of which nobody knows what Asterisk has done of it, or is yet to do."""
    await _store_logout(context, live, line)
    agent_id = live.agent.id
    commanded.recall(context.center, agent_id)
    context.asterisk.fire(
        *_late_removals(context, live, line),
        then=lambda: context.center.recalls.expect_nothing(agent_id, context.now()),
    )


async def log_out(context: Context, live: LiveAgent) -> None:
    """Remove an agent from all queues that Asterisk has it in.

    To be called by who holds it. Raises `Refused`.
    """
    line = live.line
    if line is None:
        return
    before = live.station()
    commanded.expect_logout(context.center, live.agent.id)
    stored = await _store_logout(context, live, line)
    members = context.center.owners.own(live)
    commanded.begin_logout(context.center, live.agent.id, context.now())
    context.publish()
    try:
        await context.asterisk.until(
            lambda: live.stance is Stance.OUT,
            _leave_queues(context, live, line, members),
            agent_id=live.agent.id,
        )
    except Refused as refusal:
        if refusal.code in UNANSWERED:
            commanded.recall(context.center, live.agent.id)
        elif before is not None:
            commanded.end_logout(context.center, live.agent.id)
            context.center.expect_station(before)
            await context.journal.put_station(before)
        raise
    if stored:
        return
    try:
        await context.journal.station_written(live.agent.id)
    except Refused as refusal:
        refusal.partly = True  # it is out, and only a kill before it is written brings it back
        raise


async def _leave_queues(
    context: Context, live: LiveAgent, line: Line, members: Sequence[tuple[int, MemberSeen]]
) -> None:
    """Have these members ring no phone, nor any that Asterisk may yet add. Raises `Refused`."""
    leaving = [leave(context, queue_id, member) for queue_id, member in members]
    if context.asterisk.in_doubt([live.way_to(line).interface]):
        late = _late_removals(context, live, line)
        leaving.append(context.asterisk.ask(*late, ignore=NO_SUCH_MEMBER))
    for outcome in await asyncio.gather(*leaving, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _late_removals(context: Context, live: LiveAgent, line: Line) -> list[RemoveMember]:
    """What removes the members that Asterisk may yet add, and no stranger that is there."""
    center, interface = context.center, live.way_to(line).interface
    found = {queue_id: center.members.get(queue_id, interface) for queue_id in live.queues}
    return [
        RemoveMember(center.directory.queues[queue_id].name, interface)
        for queue_id, member in found.items()
        if member is None or not center.owners.is_stranger(member)
    ]


async def _store_logout(context: Context, live: LiveAgent, line: Line) -> bool:
    """Store that an agent is to be out, and what it was paused for; returns whether it is stored.

    Whoever starts after a kill frees the strangers that were paused with it.
    """
    station = _station(context, live, line, logged_in=False)
    if live.stance is Stance.PAUSED:
        station = msgspec.structs.replace(station, paused=True, reason=live.reason)
    context.center.expect_station(station)
    try:
        await store_logout(context, station)
    except Refused as refusal:  # the journal tries again; until then the phone must not ring
        log.warning("cannot store a logout yet", code=refusal.code, agent=live.agent.number)
        return False
    return True


def _station(context: Context, live: LiveAgent, line: Line, *, logged_in: bool) -> Station:
    """The requested station, for a restart or a lost connection meanwhile."""
    return Station(live.agent.id, line.id, logged_in, context.now(), settled=not logged_in)
