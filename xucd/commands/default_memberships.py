"""Default memberships: the stored queues and penalties that a user's agent should have.

They change no queue by themselves. `applyUsersDefaultMembership` makes the agents' queues equal to
them, through Asterisk for agents that are logged in. A user with rights to some queues only reads,
changes and applies that part of a default; the rest stays unchanged.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from xucd.center.directory import Agent, Queue
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.commands.context import Context
from xucd.commands.few_at_a_time import few_at_a_time
from xucd.commands.locks import DEFAULTS, agent_key
from xucd.commands.lookup import find_queue, not_authorized
from xucd.commands.queues import add_to_queue, remove_from_queue
from xucd.cti.commands import (
    ApplyUsersDefaultMembership,
    DefaultQueue,
    GetUserDefaultMembership,
    SetUserDefaultMembership,
    SetUsersDefaultMembership,
)
from xucd.cti.hub import Broadcaster
from xucd.cti.messages import Message
from xucd.cti.session import Session
from xucd.cti.streams.digest import digest
from xucd.views import agents as agent_views
from xucd.views import topics

MAX_SINGLE_MESSAGES = 20
"""Up to this many changed users are published one by one; for more, the whole list is sent."""

BATCH = 50
"""How many agents are changed at a time; between two batches, the configuration may be reloaded."""

MAX_NAMED = 5
"""How many failures the text of a refusal names."""

KNOWN = b"Default memberships"
"""The name under which the log of streams keeps what clients know of them."""

Defaults = Mapping[int, Mapping[int, int]]


async def get_default(context: Context, command: GetUserDefaultMembership, who: Session) -> None:
    """Send one user's default membership.

    Raises `Refused` with `UserUnknown`, `UserIsNoAgent`, `NotAuthorized` or `StoreUnavailable`.
    """
    (agent,) = _agents(context, [command.user_id], who)
    defaults = await context.journal.default_memberships()
    who.send(agent_views.default_membership(agent.user_id, defaults, who.rights))


async def set_default(
    context: Context, command: SetUserDefaultMembership | SetUsersDefaultMembership, who: Session
) -> None:
    """Store the default membership of users, of all or of none; no agent changes queues yet.

    Raises `Refused` as `get_default` does, and with `QueueUnknown` or `QueueNamedTwice`.
    """
    wanted = (
        [command.user_id] if isinstance(command, SetUserDefaultMembership) else command.user_ids
    )
    async with context.stations(who), context.locks.holding(DEFAULTS):
        agents = _agents(context, wanted, who)
        queues = _queues(context, command.membership, who)
        before = await context.journal.default_memberships()
        allowed = who.rights
        await context.journal.set_default_memberships(
            {agent.user_id: queues for agent in agents}, allowed.queue_ids, who.check
        )
        after = await context.journal.default_memberships()
        _publish_changed(context, agents, before, after)
        context.hub.streams.store(KNOWN, known_defaults(after))
        if topics.default_membership_subscription(allowed) not in who.topics:
            for body in _messages(context, agents, after, allowed):
                who.send(body)


async def apply_default(
    context: Context, command: ApplyUsersDefaultMembership, who: Session
) -> None:
    """Make the queues of these users' agents equal to their default memberships.

    Raises `Refused` as `get_default` does, and `AsteriskUnavailable`, before anything is changed. A
    later failure does not stop the other changes. It is raised at the end: with its own code when
    nothing could be changed, otherwise with `PartlyApplied` and a text that names agents, queues
    and codes.
    """
    async with context.stations(who):
        agents = _agents(context, command.user_ids, who)
        context.asterisk.check_current()
    outcome = _Outcome()
    for first in range(0, len(agents), BATCH):
        async with context.locks.command():
            await _apply_batch(context, agents[first : first + BATCH], who, outcome)
    outcome.raise_failures()


def restore(context: Context, defaults: Defaults) -> None:
    """Tell clients that resume over a restart the default memberships, if they are others now."""
    if context.hub.streams.stored.get(KNOWN) != known_defaults(defaults):
        publish_all(context, defaults)


def known_defaults(defaults: Defaults) -> bytes:
    """What clients know who know these."""
    content = sorted((user_id, sorted(queues.items())) for user_id, queues in defaults.items())
    return digest(msgspec.msgpack.encode(content))


def publish_all(context: Context, defaults: Defaults) -> None:
    """Publish all default memberships, after a reload of the configuration."""
    _publish(context, defaults, context.hub)
    context.hub.streams.store(KNOWN, known_defaults(defaults))


async def show_all(context: Context, to: Broadcaster) -> None:
    """Publish all default memberships to some, who may have missed a change.

    Raises `Refused` with `StoreUnavailable`.
    """
    async with context.locks.command(DEFAULTS):
        _publish(context, await context.journal.default_memberships(), to)


def _publish(context: Context, defaults: Defaults, to: Broadcaster) -> None:
    for topic, allowed in _subscriptions(context, to):
        body = agent_views.default_memberships(context.center.directory, defaults, allowed)
        to.publish([topic], body)


class _Failure(msgspec.Struct, frozen=True):
    """A change that failed, as text, and the code of its refusal."""

    what: str
    code: str


class _Outcome:
    """The result of applying default memberships: the number of changes made, and the failures."""

    def __init__(self) -> None:
        self.made = 0
        self.failures: list[_Failure] = []

    async def record(self, what: str, change: Coroutine[Any, Any, None]) -> None:
        """Make one change, and record its result."""
        try:
            await change
        except Refused as refusal:
            self.failures.append(_Failure(what, refusal.code))
        else:
            self.made += 1

    def raise_failures(self) -> None:
        """Raise `Refused` if there was a failure."""
        if not self.failures:
            return
        codes = {failure.code for failure in self.failures}
        code = codes.pop() if len(codes) == 1 and not self.made else "PartlyApplied"
        named = [f"{failure.what} ({failure.code})" for failure in self.failures[:MAX_NAMED]]
        rest = len(self.failures) - len(named)
        text = "; ".join([*named, *([f"{rest} more"] if rest else [])])
        raise Refused(code, f"Not everything could be applied: {text}.")


async def _apply_batch(
    context: Context, agents: Sequence[Agent], who: Session, outcome: _Outcome
) -> None:
    """Change the queues of some agents, each while it is held."""
    defaults = await context.journal.default_memberships()

    async def apply(agent: Agent) -> None:
        async with context.locks.holding(agent_key(agent.id)):
            try:
                allowed = who.rights
            except Refused as ended:
                outcome.failures.append(_Failure(f"agent {agent.number}", ended.code))
                return
            await _apply(context, agent, defaults.get(agent.user_id, {}), allowed, outcome)

    for raised in await few_at_a_time(agents, apply):
        if raised is not None:
            raise raised


async def _apply(
    context: Context, agent: Agent, default: Mapping[int, int], allowed: Rights, outcome: _Outcome
) -> None:
    """Change the queues of one agent, which the caller holds: first add, then remove."""
    live = context.center.agents.get(agent.id)
    if context.center.is_away(agent.id):
        return  # its home does so
    if live is None:  # removed from the configuration since the command began
        outcome.failures.append(_Failure(f"agent {agent.number}", "AgentUnknown"))
        return
    if not allowed.agent(live.agent):  # moved to another group since
        outcome.failures.append(_Failure(f"agent {agent.number}", "NotAuthorized"))
        return
    known = context.center.directory.all_queues
    wanted = {
        known[queue_id]: penalty
        for queue_id, penalty in default.items()
        if queue_id in known and allowed.queue(queue_id)
    }
    surplus = [
        known[queue_id]
        for queue_id in live.queues.keys() | live.elsewhere.keys() | _dynamic(live)
        if queue_id not in default and allowed.queue(queue_id)
    ]
    await asyncio.gather(
        *(
            outcome.record(_describe(agent, queue), add_to_queue(context, live, queue, penalty))
            for queue, penalty in wanted.items()
        )
    )
    await asyncio.gather(
        *(
            outcome.record(_describe(agent, queue), remove_from_queue(context, live, queue))
            for queue in surplus
        )
    )


def _dynamic(live: LiveAgent) -> set[int]:
    """The queues out of which an agent can be taken."""
    return {queue_id for queue_id, member in live.members.items() if member.dynamic}


def _describe(agent: Agent, queue: Queue) -> str:
    return f"agent {agent.number} in {queue.name}"


def _agents(context: Context, user_ids: Iterable[int], who: Session) -> list[Agent]:
    """The agents of users, each once. Raises `Refused`."""
    directory, found = context.center.directory, []
    for user_id in dict.fromkeys(user_ids):
        user = directory.users.get(user_id)
        if user is None:
            raise Refused("UserUnknown", "There is no such user.")
        if user.agent_id is None:
            raise Refused("UserIsNoAgent", "The user has no agent.")
        agent = directory.agents[user.agent_id]
        if not who.rights.agent(agent):
            raise not_authorized()
        found.append(agent)
    return found


def _queues(context: Context, membership: Iterable[DefaultQueue], who: Session) -> dict[int, int]:
    """A membership as {queue id: penalty}, of queues of any PBX. Raises `Refused`."""
    queues: dict[int, int] = {}
    for default in membership:
        queue_id = default.queue_id
        find_queue(context, queue_id, who, silent=False, anywhere=True)
        if queue_id in queues:
            raise Refused("QueueNamedTwice", "The membership names a queue twice.")
        queues[queue_id] = default.penalty
    return queues


def _publish_changed(
    context: Context, agents: Sequence[Agent], before: Defaults, after: Defaults
) -> None:
    """Publish the changed defaults, to each subscriber the part that it may see."""
    for topic, allowed in _subscriptions(context, context.hub):
        changed = [
            agent
            for agent in agents
            if allowed.agent(agent)
            and agent_views.default_membership(agent.user_id, before, allowed)
            != agent_views.default_membership(agent.user_id, after, allowed)
        ]
        for body in _messages(context, changed, after, allowed):
            context.hub.publish([topic], body)


def _messages(
    context: Context, agents: Sequence[Agent], defaults: Defaults, allowed: Rights
) -> list[Message]:
    if len(agents) > MAX_SINGLE_MESSAGES:
        return [agent_views.default_memberships(context.center.directory, defaults, allowed)]
    return [agent_views.default_membership(agent.user_id, defaults, allowed) for agent in agents]


def _subscriptions(context: Context, among: Broadcaster) -> list[tuple[topics.Topic, Rights]]:
    """The topics with subscribers, and the rights of these subscribers."""
    subscribed = {
        topics.default_membership_subscription(rights): rights for rights in context.rights_in_use
    }
    return [
        (topic, rights) for topic, rights in subscribed.items() if among.has_subscribers([topic])
    ]
