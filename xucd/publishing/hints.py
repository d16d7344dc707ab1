"""The states of phones for those who watch them: an agent's phone is another with its line."""

from xucd.center.directory import Agent, Line
from xucd.center.lines import agents_of
from xucd.commands.context import Context
from xucd.views import topics
from xucd.views.phones import hint
from xucd.views.topics import Topic


def phone_watchers(context: Context, line: Line) -> list[Topic]:
    """The topics to which the state of a line's phone is published now."""
    return topics.phone_hint_topics(line.number, agents_of(context.center, line))


def publish_watched(context: Context, agent: Agent, before: Line | None, line: Line | None) -> None:
    """An agent works on another line: who watches its phone only hears of that one from now on."""
    hub = context.hub
    if before is not None:
        still = phone_watchers(context, before)
        theirs = topics.phone_hint_topics(before.number, [agent])
        audience = [topic for topic in theirs if topic not in still]
        if hub.has_subscribers(audience):
            hub.publish(audience, hint(before.number, None))
    if line is not None:
        audience = topics.phone_hint_topics(line.number, [agent])[1:]
        if hub.has_subscribers(audience):
            state = context.center.devices.get(line.phone)
            hub.publish(audience, hint(line.number, state))
