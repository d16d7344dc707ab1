"""Logging agents in and out: agent-api.txt, "Login and Authentication", in all five cases.

A login is written down before Asterisk is asked, and again when every member is in its queue, so
that a daemon killed in between completes it. A logout is written down before its members are
taken away, so that no phone goes on ringing for somebody who left.
"""

import asyncio

import structlog

from xucd.center.agent import Stance
from xucd.center.directory import Line
from xucd.center.intents import AddMember, RemoveMember
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.commands.context import Context, asterisk_unavailable
from xucd.cti.commands import AgentLogin, AgentLogout
from xucd.cti.session import Session
from xucd.views import agents as agent_views

log = structlog.get_logger()


async def login(context: Context, command: AgentLogin, who: Session) -> None:
    """Log an agent in on a line, taking the line over from whoever holds it.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `PhoneNumberUnknown`,
    `LoggedInOnAnotherPhone` or `AsteriskUnavailable`.
    """
    async with (
        context.stations_lock
    ):  # only then look: a reload that was waited for makes all things anew
        live = context.agent(command.agent_id, who)
        line = context.center.directory.line_by_number.get(command.phone_number)
        if line is None:
            raise Refused("PhoneNumberUnknown", "There is no line of this number.")
        if live.stance is not Stance.OUT and live.line is not None:
            if live.line is not line:
                raise Refused(
                    "LoggedInOnAnotherPhone",
                    "The agent is logged in on another line.",
                    phoneNb=live.line.number,
                    RequestedNb=line.number,
                )
            who.send(agent_views.agent_state(context.center.state_change(live), context.now()))
            return
        if not context.current:
            raise asterisk_unavailable()
        holder = context.center.on_interface.get(line.interface)
        if holder is not None:
            await log_out(context, holder)
        await log_in(context, live, line)


async def logout(context: Context, command: AgentLogout, who: Session) -> None:
    """Log an agent out; one that is out already stays so."""
    async with context.stations_lock:
        live = context.agent(command.agent_id, who)
        if live.stance is Stance.OUT:
            who.send(agent_views.agent_state(context.center.state_change(live), context.now()))
            return
        if not context.current:
            raise asterisk_unavailable()
        await log_out(context, live)


async def log_in(context: Context, live: LiveAgent, line: Line) -> None:
    """Put an agent that is out on a free line, in all of its queues or in none."""
    agent = live.agent
    context.center.begin_login(agent.id)
    station = _station(context, live, line, logged_in=True)
    await context.journal.put_station(station)
    context.center.stations[agent.id] = station
    try:
        context.center.log_in_without_queues(agent.id, line, context.now())
        lacking: set[int] = set()
        await context.until(
            lambda: (
                live.stance is not Stance.OUT
                and live.queues.keys() - lacking <= live.members.keys()
            ),
            _join_all(context, live, line, lacking),
        )
    except Refused:
        context.center.fail_login(agent.id, line)
        await log_out(context, live)
        raise
    context.center.settle(agent.id)
    context.publish()
    await context.journal.written()


async def _join_all(context: Context, live: LiveAgent, line: Line, lacking: set[int]) -> None:
    """Make the agent a member of all its queues; what Asterisk has no queue for goes to `lacking`.

    One queue that Asterisk does not have must not keep an agent from its others; one that is the
    only one must. Raises `Refused`.
    """

    async def join(queue_id: int, penalty: int) -> None:
        name = context.center.directory.queues[queue_id].name
        member = AddMember(name, line.interface, live.agent.member_name, penalty)
        try:
            await context.ask(member)
        except Refused as refusal:
            if refusal.code == "AlreadyMember":  # somebody else's, or a stale one of our own
                leave = RemoveMember(name, line.interface)
                await context.ask(leave, member, ignore=("NotMember",))
            elif refusal.code == "NoSuchQueue" and len(live.queues) > 1:
                log.warning("Asterisk has no such queue", queue=name, agent=live.agent.number)
                lacking.add(queue_id)
            else:
                raise

    joining = [join(queue_id, penalty) for queue_id, penalty in live.queues.items()]
    for outcome in await asyncio.gather(*joining, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def log_out(context: Context, live: LiveAgent) -> None:
    """Take an agent out of all queues that Asterisk has it in."""
    line = live.line
    if line is None:
        return
    context.center.stations[live.agent.id] = station = _station(
        context, live, line, logged_in=False
    )
    try:
        await context.journal.put_station(station)
    except Refused as refusal:  # written later; the phone must not go on ringing until then
        log.warning("a logout could not be written yet", code=refusal.code)
    names = [context.center.directory.queues[queue_id].name for queue_id in live.members]
    context.center.begin_logout(live.agent.id, context.now())
    context.publish()
    await context.bring_about(
        lambda: live.stance is Stance.OUT,
        *(RemoveMember(name, line.interface) for name in names),
        ignore=("NotMember",),
    )
    await context.journal.written()


def _station(context: Context, live: LiveAgent, line: Line, *, logged_in: bool) -> Station:
    """What is about to be asked, for a restart and for a link that is lost meanwhile."""
    return Station(live.agent.id, line.id, logged_in, context.now(), settled=not logged_in)
