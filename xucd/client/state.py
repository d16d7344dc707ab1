"""The client's state: changed by xucd's messages alone, never by the client's own commands.

Moments are epoch seconds.
"""

import datetime
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from xucd.cti import messages as msg

_SHEETS = 50
_SAME_S = 1.5  # how far two messages may differ on when a state began

E = TypeVar("E")


@dataclass
class AgentView:
    """An agent; `since` is when its state began, `queues` is {queue id: penalty}.

    `configured` has the configured penalty, -1 for none, where Asterisk has another, or (a queue
    that is not in `queues`) where another program has taken the agent out; `missing` are the queues
    for which it is configured and that do not have it yet.
    """

    id: int
    first_name: str = ""
    last_name: str = ""
    number: str = ""
    group_id: int | None = None
    user_id: int | None = None
    state: msg.AgentStateEvent | None = None
    since: float | None = None
    queues: dict[int, int] = field(default_factory=dict)
    configured: dict[int, int] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    statistics: dict[msg.AgentStatistic, int | float | str] = field(default_factory=dict)


@dataclass
class QueueView:
    """A queue, its figures of the day by name, and who waits in it."""

    id: int
    config: msg.QueueConfig | None = None
    statistics: dict[msg.QueueStatistic, int | float] = field(default_factory=dict)
    calls: list[msg.QueueCall] = field(default_factory=list)


@dataclass
class CallView:
    """A call of the user's phone: its last event, and when its present stage began."""

    event: msg.PhoneEvent
    since: float


@dataclass(frozen=True)
class PbxView:
    """What is known of a PBX; `since` is when it was lost."""

    asterisk: Literal["current", "lost"]
    since: float | None = None


LinkState = Literal["closed", "catching-up", "opened"]


@dataclass
class State:
    """All that xucd has sent, by kind. Read it, never write to it.

    `pbxs` has each PBX by name, as far as xucd has told, and nothing where it names none.
    `asterisk` is "lost" while any PBX is, since the first of them was.
    """

    user: msg.UserConfigUpdate | None = None
    rights: msg.RightProfile | None = None
    line: msg.LineConfig | None = None
    user_status: str = ""
    phone_status: str = ""
    statuses: list[msg.UserStatus] = field(default_factory=list)
    asterisk: Literal["current", "lost"] = "current"
    asterisk_since: float | None = None
    pbxs: dict[str, PbxView] = field(default_factory=dict)
    link: LinkState = "closed"
    agents: dict[int, AgentView] = field(default_factory=dict)
    groups: dict[int, msg.AgentGroup] = field(default_factory=dict)
    queues: dict[int, QueueView] = field(default_factory=dict)
    calls: dict[str, CallView] = field(default_factory=dict)
    phones: dict[str, int] = field(default_factory=dict)
    sheets: list[msg.Sheet] = field(default_factory=list)
    callback_lists: dict[str, msg.CallbackList] = field(default_factory=dict)
    callbacks: dict[str, msg.CallbackRequest] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)  # of callbacks that were started
    callback_periods: list[msg.CallbackPeriod] = field(default_factory=list)
    memberships: dict[int, dict[int, int]] = field(default_factory=dict)

    def apply(self, body: msg.Message) -> None:
        """Apply a message to the state."""
        method = _METHODS.get(type(body))
        if method is not None:
            method(self, body)

    def agent(self, agent_id: int) -> AgentView:
        """The agent of this id, added if it is new."""
        return self.agents.setdefault(agent_id, AgentView(agent_id))

    def queue(self, queue_id: int) -> QueueView:
        """The queue of this id, added if it is new."""
        return self.queues.setdefault(queue_id, QueueView(queue_id))

    # --- The user

    def _hello(self, body: msg.LoggedOn) -> None:
        # A new stream's opening says so if Asterisk is lost; a resumed one may have said it before.
        if body.recovered is not True:
            self._link_status(msg.LinkStatus(asterisk="current"))

    def _rights(self, body: msg.RightProfile) -> None:
        self.rights = body

    def _statuses(self, body: msg.UsersStatuses) -> None:
        self.statuses = body.items

    def _user(self, body: msg.UserConfigUpdate) -> None:
        self.user = body

    def _user_status(self, body: msg.UserStatusUpdate) -> None:
        self.user_status = body.status

    def _phone_status(self, body: msg.PhoneStatusUpdate) -> None:
        self.phone_status = body.status

    def _line(self, body: msg.LineConfig) -> None:
        self.line = body

    def _link_status(self, body: msg.LinkStatus) -> None:
        since = body.since if isinstance(body.since, str) else None
        at = datetime.datetime.fromisoformat(since).timestamp() if since else None
        told = PbxView(body.asterisk, at)
        if isinstance(body.pbx, str):
            self.pbxs[body.pbx] = told
            lost = [each for each in self.pbxs.values() if each.asterisk == "lost"]
        else:  # there is one alone, or it is about all
            self.pbxs.clear()
            lost = [told] if told.asterisk == "lost" else []
        self.asterisk = "lost" if lost else "current"
        times = (each.since for each in lost if each.since is not None)
        self.asterisk_since = min(times, default=None)

    # --- Agents

    def _agents(self, body: msg.AgentList) -> None:
        _keep_only(self.agents, (entry.id for entry in body.items))
        for entry in body.items:
            self._known(entry)

    def _known(self, entry: msg.ListedAgent) -> AgentView:
        agent = self.agent(entry.id)
        agent.first_name, agent.last_name = entry.first_name, entry.last_name
        agent.number, agent.group_id = entry.number, entry.group_id
        agent.user_id = entry.user_id if isinstance(entry.user_id, int) else None
        return agent

    def _agent_config(self, body: msg.AgentConfig) -> None:
        names = (body.first_name, body.last_name, body.group_id, body.user_id)
        agent = self.agent(body.id)
        # A config carries both spellings, so none of these is ever left out.
        agent.first_name, agent.last_name, agent.group_id, agent.user_id = names  # type: ignore[assignment]
        agent.number = body.number
        _forget(agent)
        for member in body.member:
            self._join(agent, member)
        for gone in body.removed if isinstance(body.removed, list) else ():
            agent.configured[gone.queue_id] = gone.configured_penalty

    def _groups(self, body: msg.AgentGroupList) -> None:
        self.groups = {group.id: group for group in body.items}

    def _agent_state(self, body: msg.AgentStateEvent) -> None:
        agent, began = self.agent(body.agent_id), time.time() - body.since
        same = (
            agent.state is not None
            and agent.since is not None
            and agent.state.name == body.name
            and abs(agent.since - began) < _SAME_S
        )
        agent.state = body
        # Ages are in whole seconds: a repeated state has not begun anew.
        agent.since = agent.since if same else began

    def _directory(self, body: msg.AgentDirectory) -> None:
        _keep_only(self.agents, (entry.agent.id for entry in body.directory))
        for entry in body.directory:
            self._known(entry.agent)
            self._agent_state(entry.agent_state)

    def _agent_statistics(self, body: msg.AgentStatistics) -> None:
        self.agent(body.id).statistics.update(
            (figure.name, figure.value) for figure in body.statistics
        )

    def _members(self, body: msg.QueueMemberList) -> None:
        for agent in self.agents.values():
            _forget(agent)
        for member in body.items:
            self._member(member)

    def _member(self, body: msg.QueueMember) -> None:
        self._join(self.agent(body.agent_id), body)

    @staticmethod
    def _join(agent: AgentView, body: msg.QueueMember | msg.AgentMembership) -> None:
        if body.penalty < 0:
            agent.queues.pop(body.queue_id, None)
        else:
            agent.queues[body.queue_id] = body.penalty
        if isinstance(body.configured_penalty, int):
            agent.configured[body.queue_id] = body.configured_penalty
        else:
            agent.configured.pop(body.queue_id, None)
        if body.missing is True:
            agent.missing.add(body.queue_id)
        else:
            agent.missing.discard(body.queue_id)

    # --- Queues

    def _queues(self, body: msg.QueueList) -> None:
        _keep_only(self.queues, (config.id for config in body.items))
        for config in body.items:
            self._queue_config(config)

    def _queue_config(self, body: msg.QueueConfig) -> None:
        self.queue(body.id).config = body

    def _queue_statistics(self, body: msg.QueueStatistics) -> None:
        figures = self.queue(body.queue_id).statistics
        figures.update((counter.stat_name, counter.value) for counter in body.counters)

    def _queue_calls(self, body: msg.QueueCalls) -> None:
        self.queue(body.queue_id).calls = body.calls

    # --- The user's phone

    def _phone_event(self, body: msg.PhoneEvent) -> None:
        before = self.calls.get(body.unique_id)
        if body.event_type == "EventReleased":
            self.calls.pop(body.unique_id, None)
        elif before is not None and before.event.event_type == body.event_type:
            before.event = body
        else:
            self.calls[body.unique_id] = CallView(body, time.time())

    def _current_calls(self, body: msg.CurrentCallsPhoneEvents) -> None:
        _keep_only(self.calls, (event.unique_id for event in body.events))
        for event in body.events:
            self._phone_event(event)

    def _hint(self, body: msg.PhoneHintStatusEvent) -> None:
        self.phones[body.number] = body.status

    def _sheet(self, body: msg.Sheet) -> None:
        self.sheets = [body, *self.sheets[: _SHEETS - 1]]

    # --- Callbacks

    def _callback_lists(self, body: msg.CallbackLists) -> None:
        self.callback_lists = {entry.uuid: entry for entry in body.items}
        self.callbacks = {
            request.uuid: request for entry in body.items for request in entry.callbacks
        }

    def _periods(self, body: msg.PreferredCallbackPeriodList) -> None:
        self.callback_periods = body.items

    def _taken(self, body: msg.CallbackTaken) -> None:
        self._set_taker(body.uuid, body.agent_id)

    def _started(self, body: msg.CallbackStarted) -> None:
        self.tickets[body.request_uuid] = body.ticket_uuid

    def _released(self, body: msg.CallbackReleased) -> None:
        self.tickets.pop(body.uuid, None)
        self._set_taker(body.uuid, None)

    def _set_taker(self, uuid: str, agent_id: int | None) -> None:
        if uuid in self.callbacks:
            self.callbacks[uuid] = msgspec.structs.replace(self.callbacks[uuid], agent_id=agent_id)

    def _clotured(self, body: msg.CallbackClotured) -> None:
        self.tickets.pop(body.uuid, None)
        self.callbacks.pop(body.uuid, None)

    def _request(self, body: msg.CallbackRequestUpdated) -> None:
        self.callbacks[body.request.uuid] = body.request

    # --- Default memberships

    def _memberships(self, body: msg.UsersQueueDefaultMembership) -> None:
        self.memberships = {}
        for membership in body.memberships:
            self._membership(membership)

    def _membership(self, body: msg.UserQueueDefaultMembership) -> None:
        self.memberships[body.user_id] = {
            queue.queue_id: queue.penalty for queue in body.membership
        }


def _forget(agent: AgentView) -> None:
    """Forget an agent's memberships, before all of them are told."""
    agent.queues.clear()
    agent.configured.clear()
    agent.missing.clear()


def _keep_only(known: dict[E, Any], present: Iterable[E]) -> None:
    """Remove all other keys from a dictionary."""
    for key in known.keys() - set(present):
        del known[key]


_METHODS: dict[type[msg.Message], Callable[[State, Any], None]] = {
    msg.LoggedOn: State._hello,
    msg.RightProfile: State._rights,
    msg.UsersStatuses: State._statuses,
    msg.UserConfigUpdate: State._user,
    msg.UserStatusUpdate: State._user_status,
    msg.PhoneStatusUpdate: State._phone_status,
    msg.LineConfig: State._line,
    msg.LinkStatus: State._link_status,
    msg.AgentList: State._agents,
    msg.AgentConfig: State._agent_config,
    msg.AgentGroupList: State._groups,
    msg.AgentStateEvent: State._agent_state,
    msg.AgentDirectory: State._directory,
    msg.AgentStatistics: State._agent_statistics,
    msg.QueueMemberList: State._members,
    msg.QueueMember: State._member,
    msg.QueueList: State._queues,
    msg.QueueConfig: State._queue_config,
    msg.QueueStatistics: State._queue_statistics,
    msg.QueueCalls: State._queue_calls,
    msg.PhoneEvent: State._phone_event,
    msg.CurrentCallsPhoneEvents: State._current_calls,
    msg.PhoneHintStatusEvent: State._hint,
    msg.Sheet: State._sheet,
    msg.CallbackLists: State._callback_lists,
    msg.PreferredCallbackPeriodList: State._periods,
    msg.CallbackTaken: State._taken,
    msg.CallbackStarted: State._started,
    msg.CallbackReleased: State._released,
    msg.CallbackClotured: State._clotured,
    msg.CallbackRequestUpdated: State._request,
    msg.UsersQueueDefaultMembership: State._memberships,
    msg.UserQueueDefaultMembership: State._membership,
}
