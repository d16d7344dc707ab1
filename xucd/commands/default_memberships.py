"""Default memberships: the queues that a user's agent is to be in when nothing else is said.

They are the store's, and change no queue by themselves: `applyUsersDefaultMembership` makes the
agents' queues exactly these, through Asterisk for those that are logged in. Whoever sees only some
queues reads, changes and applies only their part of a default; the rest stays as it is.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from xucd.center.directory import Agent, Queue
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.commands.context import Context, asterisk_unavailable, not_authorized, rights
from xucd.commands.queues import put_in, take_out
from xucd.cti.commands import (
    ApplyUsersDefaultMembership,
    GetUserDefaultMembership,
    Place,
    SetUserDefaultMembership,
    SetUsersDefaultMembership,
)
from xucd.cti.messages import Message
from xucd.cti.session import Session
from xucd.views import agents as agent_views
from xucd.views import topics

FEW = 20
"""Up to so many changed users are told one by one; of more, everybody gets the whole list anew."""

AT_ONCE = 50
"""How many agents are moved at a time; between them others' commands have their turn."""

NAMED = 5
"""How many failures the text of a refusal names."""

Defaults = Mapping[int, Mapping[int, int]]


async def get_default(context: Context, command: GetUserDefaultMembership, who: Session) -> None:
    """Send one user's default membership.

    Raises `Refused` with `UserUnknown`, `UserIsNoAgent`, `NotAuthorized` or `StoreUnavailable`.
    """
    (agent,) = _agents(context, [command.user_id], who)
    defaults = await context.journal.default_memberships()
    who.send(agent_views.default_membership(agent.user_id, defaults, rights(who)))


async def set_default(
    context: Context, command: SetUserDefaultMembership | SetUsersDefaultMembership, who: Session
) -> None:
    """Give users a default membership, all of them or none; nobody changes queues yet.

    Raises `Refused` as `get_default` does, and with `QueueUnknown` or `QueueNamedTwice`.
    """
    wanted = (
        [command.user_id] if isinstance(command, SetUserDefaultMembership) else command.user_ids
    )
    async with context.stations_lock:
        agents = _agents(context, wanted, who)
        queues = _queues(context, command.membership, who)
        before = await context.journal.default_memberships()
        await context.journal.set_default_memberships(
            {agent.user_id: queues for agent in agents}, rights(who).queue_ids
        )
        after = await context.journal.default_memberships()
        _tell_changed(context, agents, before, after)
        own = topics.default_memberships_heard(rights(who))
        if own not in who.topics:
            for body in _bodies(context, agents, after, rights(who)):
                who.send(body)


async def apply_default(
    context: Context, command: ApplyUsersDefaultMembership, who: Session
) -> None:
    """Make the queues of these users' agents exactly their default ones.

    Raises `Refused` as `get_default` does, and `AsteriskUnavailable`, before anything is done. What
    fails later stops nothing else: it is told at the end, by its code when nothing at all could be
    done, or as `PartlyApplied`, with a text that says which agent lacks or keeps which queue, and
    why.
    """
    async with context.stations_lock:
        agents = _agents(context, command.user_ids, who)
        if not context.current:  # nor is it known who is logged in
            raise asterisk_unavailable()
    outcome = _Outcome()
    for first in range(0, len(agents), AT_ONCE):
        async with context.stations_lock:
            defaults = await context.journal.default_memberships()
            await asyncio.gather(
                *(
                    _move(context, agent, defaults.get(agent.user_id, {}), rights(who), outcome)
                    for agent in agents[first : first + AT_ONCE]
                )
            )
    outcome.judge()


def tell_all(context: Context, defaults: Defaults) -> None:
    """Tell all default memberships to everybody who listens: they may all be others."""
    for topic, seen in _listening(context):
        context.hub.publish(
            [topic], agent_views.default_memberships(context.center.directory, defaults, seen)
        )


class _Failure(msgspec.Struct, frozen=True):
    """What could not be done, for a person, and the code of why."""

    what: str
    code: str


class _Outcome:
    """What became of an application: moves that were made, and what failed."""

    def __init__(self) -> None:
        self.made = 0
        self.failures: list[_Failure] = []

    async def of(self, what: str, move: Coroutine[Any, Any, None]) -> None:
        """Make one move, and note what came of it."""
        try:
            await move
        except Refused as refusal:
            self.failures.append(_Failure(what, refusal.code))
        else:
            self.made += 1

    def judge(self) -> None:
        """Raise `Refused` unless all went well."""
        if not self.failures:
            return
        codes = {failure.code for failure in self.failures}
        code = codes.pop() if len(codes) == 1 and not self.made else "PartlyApplied"
        named = [f"{failure.what} ({failure.code})" for failure in self.failures[:NAMED]]
        rest = len(self.failures) - len(named)
        text = "; ".join([*named, *([f"{rest} more"] if rest else [])])
        raise Refused(code, f"Not everything could be applied: {text}.")


async def _move(
    context: Context, agent: Agent, default: Mapping[int, int], seen: Rights, outcome: _Outcome
) -> None:
    """Make one agent's queues the default ones, under `stations_lock`; into the new ones first."""
    live = context.center.agents.get(agent.id)
    if live is None:  # removed from the configuration since the command began
        outcome.failures.append(_Failure(f"agent {agent.number}", "AgentUnknown"))
        return
    known = context.center.directory.queues
    wanted = {known[one]: default[one] for one in default if one in known and seen.queue(one)}
    surplus = [known[one] for one in live.queues if one not in default and seen.queue(one)]
    await asyncio.gather(
        *(
            outcome.of(_in(agent, queue), put_in(context, live, queue, penalty))
            for queue, penalty in wanted.items()
        )
    )
    await asyncio.gather(
        *(outcome.of(_in(agent, queue), take_out(context, live, queue)) for queue in surplus)
    )


def _in(agent: Agent, queue: Queue) -> str:
    return f"agent {agent.number} in {queue.name}"


def _agents(context: Context, user_ids: Iterable[int], who: Session) -> list[Agent]:
    """The agents of users, each once. Raises `Refused`."""
    directory, found = context.center.directory, []
    for user_id in dict.fromkeys(user_ids):
        user = directory.users.get(user_id)
        if user is None:
            raise Refused("UserUnknown", "There is no such user.")
        if user.agent_id is None:
            raise Refused("UserIsNoAgent", "A user is no agent, and has no queues.")
        agent = directory.agents[user.agent_id]
        if not rights(who).agent(agent):
            raise not_authorized()
        found.append(agent)
    return found


def _queues(context: Context, membership: Iterable[Place], who: Session) -> dict[int, int]:
    """A membership as {queue id: penalty}. Raises `Refused`."""
    queues: dict[int, int] = {}
    for place in membership:
        if place.queue_id not in context.center.directory.queues:
            raise Refused("QueueUnknown", "There is no such queue.")
        if not rights(who).queue(place.queue_id):
            raise not_authorized()
        if place.queue_id in queues:
            raise Refused("QueueNamedTwice", "A queue stands in the membership twice.")
        queues[place.queue_id] = place.penalty
    return queues


def _tell_changed(
    context: Context, agents: Sequence[Agent], before: Defaults, after: Defaults
) -> None:
    """Tell everybody who listens what is different in what it may see."""
    for topic, seen in _listening(context):
        changed = [
            agent
            for agent in agents
            if seen.agent(agent)
            and agent_views.default_membership(agent.user_id, before, seen)
            != agent_views.default_membership(agent.user_id, after, seen)
        ]
        for body in _bodies(context, changed, after, seen):
            context.hub.publish([topic], body)


def _bodies(
    context: Context, agents: Sequence[Agent], defaults: Defaults, seen: Rights
) -> list[Message]:
    if len(agents) > FEW:
        return [agent_views.default_memberships(context.center.directory, defaults, seen)]
    return [agent_views.default_membership(agent.user_id, defaults, seen) for agent in agents]


def _listening(context: Context) -> list[tuple[topics.Topic, Rights]]:
    """What is listened to, each with the rights of those who do."""
    found = {topics.default_memberships_heard(seen): seen for seen in context.seen_with}
    return [(topic, seen) for topic, seen in found.items() if context.hub.heard([topic])]
