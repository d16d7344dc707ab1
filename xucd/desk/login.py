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
from xucd.center.seat import Seat
from xucd.cti import views
from xucd.cti.asks import AgentLogin, AgentLogout
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk, asterisk_unavailable

log = structlog.get_logger()


@carries_out(AgentLogin)
async def login(desk: Desk, ask: AgentLogin, who: Session) -> None:
    """Log an agent in on a line, taking the line over from whoever holds it.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `PhoneNumberUnknown`,
    `LoggedInOnAnotherPhone` or `AsteriskUnavailable`.
    """
    async with desk.seating:  # only then look: a reload that was waited for makes all things anew
        live = desk.agent(ask.agent_id, who)
        line = desk.center.directory.line_by_number.get(ask.phone_number)
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
            who.send(views.agent_state(desk.center.told(live), desk.now()))
            return
        if not desk.current:
            raise asterisk_unavailable()
        holder = desk.center.on_interface.get(line.interface)
        if holder is not None:
            await log_out(desk, holder)
        await log_in(desk, live, line)


@carries_out(AgentLogout)
async def logout(desk: Desk, ask: AgentLogout, who: Session) -> None:
    """Log an agent out; one that is out already stays so."""
    async with desk.seating:
        live = desk.agent(ask.agent_id, who)
        if live.stance is Stance.OUT:
            who.send(views.agent_state(desk.center.told(live), desk.now()))
            return
        if not desk.current:
            raise asterisk_unavailable()
        await log_out(desk, live)


async def log_in(desk: Desk, live: LiveAgent, line: Line) -> None:
    """Put an agent that is out on a free line, in all of its queues or in none."""
    agent = live.agent
    desk.center.begin_login(agent.id)
    seat = _seat(desk, live, line, logged_in=True)
    await desk.memory.put_seat(seat)
    desk.center.seats[agent.id] = seat
    try:
        desk.center.log_in_without_queues(agent.id, line, desk.now())
        lacking: set[int] = set()
        await desk.until(
            lambda: (
                live.stance is not Stance.OUT
                and live.queues.keys() - lacking <= live.members.keys()
            ),
            _join_all(desk, live, line, lacking),
        )
    except Refused:
        live.line = line
        await log_out(desk, live)
        raise
    desk.center.settle(agent.id)
    desk.publish()
    await desk.memory.written()


async def _join_all(desk: Desk, live: LiveAgent, line: Line, lacking: set[int]) -> None:
    """Make the agent a member of all its queues; what Asterisk has no queue for goes to `lacking`.

    One queue that Asterisk does not have must not keep an agent from its others; one that is the
    only one must. Raises `Refused`.
    """

    async def join(queue_id: int, penalty: int) -> None:
        name = desk.center.directory.queues[queue_id].name
        member = AddMember(name, line.interface, live.agent.member_name, penalty)
        try:
            await desk.ask(member)
        except Refused as refusal:
            if refusal.code == "AlreadyMember":  # somebody else's, or a stale one of our own
                leave = RemoveMember(name, line.interface)
                await desk.ask(leave, member, ignore=("NotMember",))
            elif refusal.code == "NoSuchQueue" and len(live.queues) > 1:
                log.warning("Asterisk has no such queue", queue=name, agent=live.agent.number)
                lacking.add(queue_id)
            else:
                raise

    joining = [join(queue_id, penalty) for queue_id, penalty in live.queues.items()]
    for outcome in await asyncio.gather(*joining, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def log_out(desk: Desk, live: LiveAgent) -> None:
    """Take an agent out of all queues that Asterisk has it in."""
    line = live.line
    if line is None:
        return
    desk.center.seats[live.agent.id] = seat = _seat(desk, live, line, logged_in=False)
    try:
        await desk.memory.put_seat(seat)
    except Refused as refusal:  # written later; the phone must not go on ringing until then
        log.warning("a logout could not be written yet", code=refusal.code)
    names = [desk.center.directory.queues[queue_id].name for queue_id in live.members]
    desk.center.leave(live.agent.id, desk.now())
    desk.publish()
    await desk.bring_about(
        lambda: live.stance is Stance.OUT,
        *(RemoveMember(name, line.interface) for name in names),
        ignore=("NotMember",),
    )
    await desk.memory.written()


def _seat(desk: Desk, live: LiveAgent, line: Line, *, logged_in: bool) -> Seat:
    """What is about to be asked, for a restart and for a link that is lost meanwhile."""
    return Seat(live.agent.id, line.id, logged_in, desk.now(), settled=not logged_in)
