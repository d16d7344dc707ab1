"""What commands tell the centre, where Asterisk has no event for it.

A command says when it begins to change an agent, and how that came out; what Asterisk does
meanwhile is then read in its light. Moments are epoch seconds.
"""

from collections.abc import Iterable

import msgspec

from xucd.center.agent import Fact, Stance
from xucd.center.center import Center
from xucd.center.changes import AgentConfigChanged
from xucd.center.directory import Line
from xucd.center.intents import RelistMembers
from xucd.center.live import AgentRecord
from xucd.center.rules import judged, strangers


def begin_login(center: Center, agent_id: int) -> None:
    """A login was begun: until `settle`, a restart of xucd completes it."""
    center.agent_record(agent_id).begin_login()
    center.recalls.end(agent_id)


def settle(center: Center, agent_id: int, missing: Iterable[int] = ()) -> None:
    """A login is complete: from now on Asterisk is right about the agent's queues.

    `missing` are those that Asterisk did not have; the agent joins them as soon as it does.
    """
    live = center.agent_record(agent_id)
    live.settle()
    live.lose({*missing, *live.lost}, frozenset())
    center.report_memberships(live)
    center.save_station(live)


def recall(center: Center, agent_id: int) -> None:
    """An agent is to be out, whatever Asterisk may still do of what it was asked for.

    Until the next login, or a while after the next snapshot or `Recalls.expect_nothing`.
    """
    center.recalls.begin(agent_id)
    center.agent_record(agent_id).end_logout()


def end_logout(center: Center, agent_id: int) -> None:
    """A logout was refused: the agent stays logged in."""
    center.agent_record(agent_id).end_logout()


def fail_login(center: Center, agent_id: int, line: Line) -> None:
    """A login on a line has failed; what there is of it on that line is to be undone."""
    center.agent_record(agent_id).last_line(line)


def log_in_without_queues(center: Center, agent_id: int, line: Line, now: float) -> None:
    """Log in an agent that has no queue, of which Asterisk therefore has no member."""
    live = center.agent_record(agent_id)
    if not live.queues:
        center.log_in(live, line, now)


def pause_without_queues(
    center: Center, agent_id: int, paused: bool, reason: str, now: float
) -> None:
    """Pause an agent that has no queue, or make it ready."""
    live = center.agent_record(agent_id)
    if not live.members:
        center.change_stance(live, Fact.PAUSED if paused else Fact.UNPAUSED, now, reason)


def expect_logout(center: Center, agent_id: int) -> None:
    """A logout is about to begin, and is stored meanwhile."""
    center.agent_record(agent_id).begin_logout()


def begin_logout(center: Center, agent_id: int, now: float) -> None:
    """A logout was begun: the going of its members is part of it, and ends in logged out."""
    live = center.agent_record(agent_id)
    live.begin_logout()
    if not center.owners.own(live):
        strangers.log_out(center, live, now)


def configure(center: Center, agent_id: int, queue_id: int, penalty: int, now: float) -> None:
    """Configure an agent for a queue, or with -1 for it no more; what Asterisk has stays."""
    live = _record(center, agent_id)
    if live is not None:
        live.configure(queue_id, penalty)
        center.report_memberships(live)
        center.update_shown(live, now)  # without any queue, it is not out of their reach


def configure_elsewhere(center: Center, agent_id: int, queue_id: int, penalty: int) -> None:
    """Configure an agent for a queue of another PBX, or with -1 for it no more.

    Whether its members here are rung through the judging context may depend on that.
    """
    live = _record(center, agent_id)
    if live is None:
        return
    queues = {key: each for key, each in live.elsewhere.items() if key != queue_id}
    live.set_elsewhere(queues if penalty < 0 else {**queues, queue_id: penalty})
    judged.switch(center, live)
    center.report_memberships(live)


def begin_change(center: Center, agent_id: int, queue_id: int) -> None:
    """A command changes a membership: until `end_change`, only what Asterisk has is told."""
    center.agent_record(agent_id).set_changing(queue_id, True)


def end_change(
    center: Center, agent_id: int, queue_id: int, now: float, penalty: int | None = None
) -> None:
    """A command has changed a membership to a penalty, as `configure` does, or with None failed.

    No error for an agent that is gone.
    """
    live = _record(center, agent_id)
    if live is not None:
        live.set_changing(queue_id, False)
        if penalty is not None:
            live.configure(queue_id, penalty)
        if queue_id in live.lacking:  # a list that came meanwhile has left it to the command
            live.lose(live.lost | {queue_id}, frozenset())
            center.intents.append(RelistMembers())
            # A state that was told meanwhile left the queue out.
            center.changes.append(center.state_change(live))
        center.report_memberships(live)
        center.update_shown(live, now)


def settle_doubts(center: Center) -> None:
    """A list is to put right what Asterisk may have changed of agents' queues, or may not."""
    for agent_id in center.doubted:
        live = _record(center, agent_id)
        if live is not None and live.stance is not Stance.OUT:
            live.settle(False)
            center.save_station(live)
    center.doubted.clear()


def move_to_group(center: Center, agent_id: int, group_id: int) -> None:
    """An agent belongs to another group now."""
    live = center.agent_record(agent_id)
    live.set_agent(msgspec.structs.replace(live.agent, group_id=group_id))
    center.directory.put_agent(live.agent)
    center.changes.append(AgentConfigChanged(agent_id, group_id))


def _record(center: Center, agent_id: int) -> AgentRecord | None:
    return center.agent_record(agent_id) if agent_id in center.agents else None
