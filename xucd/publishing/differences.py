"""What changed while xucd was away, told as events to the clients that resume over its restart.

The log of streams keeps what all clients know of each thing. Once Asterisk's state has been read,
each thing that is another now is told, and so is the end of what is no more. Figures, which count
time, are told in any case.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from xucd.center.changes import AgentListened
from xucd.center.directory import User
from xucd.center.lines import line_of, speaks_for
from xucd.center.live import LiveAgent
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.cti.messages import Message, encode
from xucd.cti.session import Session
from xucd.cti.streams import told
from xucd.publishing.hints import phone_watchers
from xucd.publishing.listeners import listening
from xucd.publishing.state_views import Views
from xucd.views import agents as agent_views
from xucd.views import queues as queue_views
from xucd.views import topics
from xucd.views.phones import hint, phone_event, phone_status
from xucd.views.statuses import status_of
from xucd.views.topics import Topic

_MEMBER = re.compile(rb"QueueMember (\d+) (\d+)")
_LISTENED = re.compile(rb"AgentListen (\d+) (.*)", re.DOTALL)


class _Envelope(msgspec.Struct):
    body: msg.PhoneEvent = msgspec.field(name="ctiMessage")


def remember(context: Context) -> None:
    """Record all that clients are shown, as what they know: before the first of them can resume."""
    context.hub.streams.remember(
        {
            about: value
            for audience, body in chain.from_iterable(shown(context))
            if (about := told.about(list(audience), body)) is not None
            and (value := told.value(body, encode(body))) is not None
        }
    )


def restore(context: Context, sessions: Iterable[Session]) -> None:
    """Take in the sessions that were resumed over a restart: their rights are in use again."""
    for session in sessions:
        by_rights = {
            topics.config_subscription(session.rights),
            topics.default_membership_subscription(session.rights),
        }
        if not by_rights.isdisjoint(session.topics):
            context.rights_in_use.add(session.rights)


def publish_differences(context: Context) -> None:
    """Tell what is other than clients know, and record it."""
    hub = context.hub
    known = dict(hub.streams.told or {})
    views: list[Telling] = []
    for audience, body in chain.from_iterable(shown(context)):
        views.append((audience, body))
        about = told.about(list(audience), body)
        if about is None:
            continue  # another view of the state that comes behind it
        if known.pop(about, None) != told.value(body, encode(body)):
            for each_audience, view in views:
                hub.publish(each_audience, view)
        views.clear()
    for about, value in known.items():
        for audience, body in gone(context, about, value):
            hub.publish(audience, body)
    for audience, body in figures(context):
        hub.publish(audience, body)
    remember(context)


Telling = tuple[list[Topic], Message]
"""A message, and whom it concerns."""


def shown(context: Context) -> Iterator[list[Telling]]:
    """All that is shown of what Asterisk tells, a part at a time: each as it is when it is made.

    In a part, views of a thing come before the message that tells of it.
    """
    center, views = context.center, Views(context)
    for live in list(center.agents.values()):
        yield _shown_of_agent(context, views, live)
    for rights in list(context.rights_in_use):
        audience = [topics.config_subscription(rights)]
        for live in agent_views.visible_agents(center, rights):
            yield [(audience, agent_views.agent_config(center, live, rights))]
    yield [listening(context, listened) for listened in center.listeners.values()]
    for line in center.directory.lines.values():
        state = hint(line.number, center.devices.get(line.phone))
        yield [(phone_watchers(context, line), state)]
    for user in center.directory.users.values():
        if speaks_for(center, user):
            yield _shown_of_phone(context, user)


def _shown_of_agent(context: Context, views: Views, live: LiveAgent) -> list[Telling]:
    agent_id = live.agent.id
    status = msg.UserStatusUpdate(status=status_of(context.options.statuses, live))
    told_members = [
        (
            topics.member_topics(agent_id, queue_id),
            agent_views.queue_member(agent_id, queue_id, membership),
        )
        for queue_id, membership in sorted(live.told.items())
    ]
    states = views.messages(context.center.state_change(live))
    return [*states, ([topics.own_agent(agent_id)], status), *told_members]


def _shown_of_phone(context: Context, user: User) -> list[Telling]:
    center = context.center
    own_line, audience = line_of(center, user), [topics.own_phone(user.id)]
    device = center.devices.get(own_line.phone) if own_line is not None else None
    found: list[Telling] = [(audience, msg.PhoneStatusUpdate(status=phone_status(device)))]
    for leg in center.phone_calls.of(own_line.phone) if own_line is not None else ():
        if own_line is not None and leg.sent is not None:
            found.append((audience, phone_event(own_line, user, leg.sent)))
    return found


def gone(context: Context, about: bytes, value: bytes) -> Iterator[Telling]:
    """That a thing is no more: a membership, a call, or that somebody listens.

    Nothing of an agent or a user of another PBX, which alone knows what is no more of it.
    """
    center, directory = context.center, context.center.directory
    if member := _MEMBER.fullmatch(about):
        agent_id, queue_id = int(member[1]), int(member[2])
        if center.is_away(agent_id):
            return
        body = msg.QueueMember(agent_id=agent_id, queue_id=queue_id, penalty=-1)
        yield topics.member_topics(agent_id, queue_id), body
    elif listened := _LISTENED.fullmatch(about):
        number = listened[2].decode()
        if center.is_away(int(listened[1])):
            return
        line = directory.line_by_number.get(number)
        line_id = line.id if line is not None else None
        yield listening(context, AgentListened(int(listened[1]), number, line_id, False))
    elif about.startswith(b"PhoneEvent "):
        try:
            event = msgspec.json.decode(value, type=_Envelope).body
        except msgspec.ValidationError:
            return  # it is of a later version, which owned the PBX before
        user = directory.user_by_login.get(event.username)
        if user is not None and speaks_for(center, user):
            event.event_type = "EventReleased"
            yield [topics.own_phone(user.id)], event


def figures(context: Context) -> Iterator[Telling]:
    """Figures that have subscribers, which count time and are told in any case."""
    center, now = context.center, context.now()
    heard = context.hub.has_subscribers
    for live in center.agents.values():
        audience = topics.statistics_topics(live.agent)
        if heard(audience):
            yield audience, agent_views.agent_statistics(live, now)
    for queue_id in center.directory.queues:
        audience = topics.queue_topics(topics.QUEUE_STATS, queue_id)
        if heard(audience):
            yield audience, queue_views.queue_statistics(center, queue_id, now)
        calls = topics.queue_calls(queue_id)
        if heard([calls]):
            yield [calls], queue_views.queue_calls(center, queue_id)
