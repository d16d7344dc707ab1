"""Logging agents in and out: agent-api.txt, "Login and Authentication", in all five cases.

A login is stored before Asterisk is asked, and again when the agent is a member of all its queues,
so that a daemon killed in between completes it at its next start. A logout is stored before the
members are removed, so that no phone goes on ringing for an agent who has logged out.
"""

import asyncio

import structlog

from xucd.center.agent import Stance
from xucd.center.directory import Line
from xucd.center.intents import AddMember, RemoveMember
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.commands.context import Context
from xucd.commands.lookup import find_agent, find_line, warning_of_reach
from xucd.cti.commands import AgentLogin, AgentLogout
from xucd.cti.session import Session
from xucd.views import agents as agent_views

log = structlog.get_logger()


async def login(context: Context, command: AgentLogin, who: Session) -> str | None:
    """Log an agent in on a line, taking the line over from whoever holds it.

    Returns a warning's code where no queue can ring the phone; it may be about to be switched on.
    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `PhoneNumberUnknown`,
    `LoggedInOnAnotherPhone` or `AsteriskUnavailable`.
    """
    # Everything is looked up under the lock: a reload replaces all objects.
    async with context.stations_lock:
        live = find_agent(context, command.agent_id, who)
        line = find_line(context, command.phone_number)
        if live.stance is not Stance.OUT and live.line is not None:
            if live.line is not line:
                raise Refused(
                    "LoggedInOnAnotherPhone",
                    "The agent is logged in on another line.",
                    phoneNb=live.line.number,
                    RequestedNb=line.number,
                )
            who.send(agent_views.agent_state(context.center.state_change(live), context.now()))
            return warning_of_reach(live)
        context.asterisk.check_current()
        holder = context.center.on_interface.get(line.interface)
        if holder is not None:
            await log_out(context, holder)
        await log_in(context, live, line)
        return warning_of_reach(live)


async def logout(context: Context, command: AgentLogout, who: Session) -> None:
    """Log an agent out; idempotent.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, or as asking Asterisk does.
    """
    async with context.stations_lock:
        live = find_agent(context, command.agent_id, who)
        if live.stance is Stance.OUT:
            who.send(agent_views.agent_state(context.center.state_change(live), context.now()))
            return
        context.asterisk.check_current()
        await log_out(context, live)


async def log_in(context: Context, live: LiveAgent, line: Line) -> None:
    """Log an agent in on a free line, in all of its queues or in none.

    To be called under `stations_lock`. Raises `Refused`.
    """
    agent = live.agent
    context.center.begin_login(agent.id)
    station = _station(context, live, line, logged_in=True)
    await context.journal.put_station(station)
    context.center.expect_station(station)
    try:
        context.center.log_in_without_queues(agent.id, line, context.now())
        missing: set[int] = set()
        await context.asterisk.until(
            lambda: (
                live.stance is not Stance.OUT
                and live.queues.keys() - missing <= live.members.keys()
            ),
            _join_queues(context, live, line, missing),
        )
    except Refused:
        context.center.fail_login(agent.id, line)
        await log_out(context, live)
        raise
    context.center.settle(agent.id)
    context.publish()
    await context.journal.written()


async def _join_queues(context: Context, live: LiveAgent, line: Line, missing: set[int]) -> None:
    """Make the agent a member of all its queues; adds the ids of unknown queues to `missing`.

    A queue that Asterisk does not have is tolerated unless it is the agent's only one. Raises
    `Refused`.
    """

    async def join(queue_id: int, penalty: int) -> None:
        name = context.center.directory.queues[queue_id].name
        member = AddMember(name, line.interface, live.agent.member_name, penalty)
        try:
            await context.asterisk.ask(member)
        except Refused as refusal:
            if refusal.code == "AlreadyMember":  # made by somebody else, or by an earlier login
                leave = RemoveMember(name, line.interface)
                await context.asterisk.ask(leave, member, ignore=("NotMember",))
            elif refusal.code == "NoSuchQueue" and len(live.queues) > 1:
                log.warning("Asterisk has no such queue", queue=name, agent=live.agent.number)
                missing.add(queue_id)
            else:
                raise

    joins = [join(queue_id, penalty) for queue_id, penalty in live.queues.items()]
    for outcome in await asyncio.gather(*joins, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def log_out(context: Context, live: LiveAgent) -> None:
    """Remove an agent from all queues that Asterisk has it in.

    To be called under `stations_lock`. Raises `Refused`.
    """
    line = live.line
    if line is None:
        return
    station = _station(context, live, line, logged_in=False)
    context.center.expect_station(station)
    try:
        await context.journal.put_station(station)
    except Refused as refusal:  # the journal tries again; until then the phone must not ring
        log.warning("cannot store a logout yet", code=refusal.code, agent=live.agent.number)
    names = [context.center.directory.queues[queue_id].name for queue_id in live.members]
    context.center.begin_logout(live.agent.id, context.now())
    context.publish()
    await context.asterisk.bring_about(
        lambda: live.stance is Stance.OUT,
        *(RemoveMember(name, line.interface) for name in names),
        ignore=("NotMember",),
    )
    await context.journal.written()


def _station(context: Context, live: LiveAgent, line: Line, *, logged_in: bool) -> Station:
    """The requested station, for a restart or a lost connection meanwhile."""
    return Station(live.agent.id, line.id, logged_in, context.now(), settled=not logged_in)
