"""Whose phone is whose.

An agent who is logged in works on the phone of that line: that is its user's phone, whatever line
the user has of its own. Everybody else's phone is the one of its own line. Several users may share
a line.

In a centre of several PBXs each speaks for its own users: those whose agents are at home there and,
without an agent, those whose line is there. For all others it knows of no phone.
"""

from collections.abc import Iterable

from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.directory import Agent, Line, User


def speaks_for(center: Center, user: User) -> bool:
    """Whether this PBX tells of a user's status and phone."""
    if center.at_home is None:
        return True
    if user.agent_id is not None:
        return not center.is_away(user.agent_id)
    return center.directory.first_home(None, user.line_id) == center.directory.pbx


def line_of(center: Center, user: User) -> Line | None:
    """The line whose phone is the user's now, None for a user who has none."""
    live = center.agents.get(user.agent_id) if user.agent_id is not None else None
    if live is not None and live.stance is not Stance.OUT:
        return live.line
    if center.is_away(user.agent_id):
        return None
    return center.directory.lines.get(user.line_id) if user.line_id is not None else None


def agents_of(center: Center, line: Line) -> list[Agent]:
    """All agents whose line it is: the one logged in on it, and those configured for it."""
    live = center.on_device.get(line.phone)
    found = {live.agent.id} if live is not None else set()
    found.update(center.directory.agent_ids_by_line.get(line.id, ()))
    return [center.directory.agents[agent_id] for agent_id in sorted(found)]


def users_of(center: Center, line: Line) -> Iterable[User]:
    """All users whose phone is that of the line now."""
    directory = center.directory
    likely = {user.id: user for user in directory.users_by_line.get(line.id, ())}
    live = center.on_device.get(line.phone)
    if live is not None and (user := directory.users.get(live.agent.user_id)) is not None:
        likely[user.id] = user
    return [user for user in likely.values() if line_of(center, user) is line]
