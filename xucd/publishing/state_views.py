"""Which queues of an agent go to whom with its state.

Admins, and the agent's own user, get all of them. A supervisor gets those on its list. Most agents
work in queues that a supervisor sees anyway, so that one message does for everybody.
"""

from collections.abc import Iterable

from xucd.center.changes import AgentChanged
from xucd.center.rights import rights_of
from xucd.commands.context import Context
from xucd.cti.messages import AgentStateEvent
from xucd.views import agents as agent_views
from xucd.views import topics
from xucd.views.topics import Topic, View

QueueIds = tuple[int, ...]


class Views:
    """The views of all users with bounded rights on each group, until another configuration comes.

    They are those of the configured users, not of the sessions: a stream that is resumed after a
    restart needs them before its client has subscribed to anything.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._directory = context.center.directory
        self._views = self._configured()  # by group

    def audiences(self, change: AgentChanged) -> Iterable[tuple[QueueIds, list[Topic]]]:
        """The queues to tell of, each with the topics whose subscribers are told of just these.

        All of them come last: by this one the log of streams knows what clients know. Cut off
        before it by a kill, they are all told once more.
        """
        context = self._context
        if context.center.directory is not self._directory:
            self._directory = context.center.directory
            self._views = self._configured()
        agent = context.center.agents[change.agent_id].agent
        told: dict[QueueIds, list[Topic]] = {}
        for view in self._views.get(agent.group_id, ()):
            topic = topics.cut_state_topic(agent, view)
            queue_ids, own_agent_id = view
            if own_agent_id != agent.id and context.hub.has_subscribers([topic]):
                seen = tuple(each for each in change.queue_ids if each in queue_ids)
                told.setdefault(seen, []).append(topic)
        whole = topics.whole_state_topics(agent) + told.pop(change.queue_ids, [])
        return [*told.items(), (change.queue_ids, whole)]

    def messages(self, change: AgentChanged) -> Iterable[tuple[list[Topic], AgentStateEvent]]:
        """The state as each view has it, with its topics; the whole one comes last.

        All are told the same age of it, though a second may end in between.
        """
        now, pbx = self._context.now(), self._context.center.directory.pbx
        for queue_ids, audience in self.audiences(change):
            yield audience, agent_views.agent_state_in(change, now, list(queue_ids), pbx)

    def _configured(self) -> dict[int, set[View]]:
        views: dict[int, set[View]] = {}
        for user in self._directory.users.values():
            rights = rights_of(user, strict=False)
            view = topics.view_of(rights)
            if view is not None:
                for group_id in rights.group_ids or ():
                    views.setdefault(group_id, set()).add(view)
        return views
