"""What follows when an agent's home becomes this PBX, or another one: see `xucd.center.homes`."""

from xucd.center import changes as ch
from xucd.center.center import Center
from xucd.center.homes import Returning
from xucd.center.memberships import is_shelved
from xucd.center.rules import strangers


def came(center: Center, back: Returning, now: float) -> None:
    """An agent's home is this PBX now: tell all of it that its former home told."""
    live = center.add_agent(back, now)
    agent, told = live.agent, live.told
    center.changes.append(ch.AgentCameHome(agent.id, back.home.number))
    center.changes += [
        ch.MembershipChanged(agent.id, queue_id, shown.penalty, shown.configured, shown.missing)
        for queue_id, shown in sorted(told.items())
    ]
    center.changes += (
        ch.AgentConfigChanged(agent.id, agent.group_id),
        center.state_change(live),
    )
    center.stats_changed(live)


def left(center: Center, agent_id: int) -> None:
    """An agent's home is another PBX now: no phone rings here where nobody sits.

    To be called when all changes so far have been drained.
    """
    live = center.agent_record(agent_id)
    remove_named(center, agent_id)
    for queue_id, member in center.owners.own(live):
        if member.member != live.agent.member_name:
            center.undo(queue_id, member)
    strangers.let_go(center, live)
    center.drop_agent(agent_id)
    center.changes.append(ch.AgentLeft(agent_id))


def remove_named(center: Center, agent_id: int) -> None:
    """Have the members by an agent's name ring no phone of ours."""
    name = center.directory.agents[agent_id].member_name
    for queue_id, member in center.members.all():
        if member.member == name and center.members.line_of(member) and not is_shelved(member):
            center.undo(queue_id, member)
