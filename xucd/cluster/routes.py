"""Which PBX carries out a command: one row for each command. A test sees to it that all have one.

A row is a function of the centre as the edge knows it, the command and who asks. It returns the
PBX, or `EVERY` for what each of them does with what is on it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from xucd.center.directory import Directory, User
from xucd.cti import commands as cmd

EVERY = None
"""Every PBX carries it out, and their answers are united."""

UNITED_LISTS = ("agent", "agentgroup", "queue", "queuemember", "basequeuemember")


class Homes(Protocol):
    """Where agents are, and what is configured."""

    @property
    def directory(self) -> Directory:
        """The whole centre, as it is configured."""

    def home(self, agent_id: int) -> str:
        """The PBX where an agent is logged in, or was last."""


Route = Callable[[Homes, Any, User], str | None]


def home_of_user(homes: Homes, user: User) -> str:
    """The PBX of a user's own agent or phone."""
    if user.agent_id is not None:
        return homes.home(user.agent_id)
    return homes.directory.first_home(None, user.line_id)


def _own(homes: Homes, _command: Any, user: User) -> str:
    return home_of_user(homes, user)


def _agent(homes: Homes, command: Any, user: User) -> str:
    """The home of the agent that is named, the user's own if none is."""
    if command.agent_id is None:
        return home_of_user(homes, user)
    return homes.home(command.agent_id)


def _every(_homes: Homes, _command: Any, _user: User) -> None:
    return EVERY


def _line(homes: Homes, command: cmd.AgentLogin, user: User) -> str:
    """The PBX of the line; the agent's home says of a number that it is none."""
    line = homes.directory.line_by_number.get(command.phone_number)
    return line.pbx if line is not None else _agent(homes, command, user)


def _queue(homes: Homes, command: Any, _user: User) -> str:
    return _of_queue(homes, command.queue_id)


def _of_queue(homes: Homes, queue_id: int) -> str:
    """The PBX of a queue; that which says of an id that it is no queue's."""
    queue = homes.directory.queues.get(queue_id)
    return queue.pbx if queue is not None else homes.directory.default_pbx


def _list(homes: Homes, command: cmd.GetList | cmd.GetConfig, user: User) -> str | None:
    return EVERY if command.object_type in UNITED_LISTS else home_of_user(homes, user)


REPEATED = frozenset(
    {
        cmd.GetList,
        cmd.GetConfig,
        cmd.GetAgentStates,
        cmd.GetAgentDirectory,
        cmd.GetCallbackLists,
        cmd.SubscribeToAgentEvents,
        cmd.SubscribeToAgentStats,
        cmd.SubscribeToQueueStats,
        cmd.SubscribeToPhoneHints,
        cmd.UnsubscribeFromAllPhoneHints,
    }
)
"""Commands of which a PBX that was away is asked once more: they read, or subscribe."""

ROUTES: Mapping[type[cmd.Command], Route] = {
    # -- agents
    cmd.AgentLogin: _line,
    cmd.AgentLogout: _agent,
    cmd.PauseAgent: _agent,
    cmd.UnpauseAgent: _agent,
    cmd.ListenAgent: _agent,
    cmd.MonitorPause: _agent,
    cmd.MonitorUnpause: _agent,
    cmd.SetAgentGroup: _agent,
    # -- agents' queues, on whatever PBX: the home of an agent has all that is configured for it
    cmd.SetAgentQueue: _agent,
    cmd.RemoveAgentFromQueue: _agent,
    cmd.MoveAgentsInGroup: _every,
    cmd.AddAgentsInGroup: _every,
    cmd.RemoveAgentGroupFromQueueGroup: _every,
    cmd.AddAgentsNotInQueueFromGroupTo: _every,
    # -- default memberships, which are in the database
    cmd.GetUserDefaultMembership: _own,
    cmd.SetUserDefaultMembership: _own,
    cmd.SetUsersDefaultMembership: _own,
    cmd.ApplyUsersDefaultMembership: _every,
    # -- lists, states and figures
    cmd.GetList: _list,
    cmd.GetConfig: _list,
    cmd.GetAgentStates: _every,
    cmd.GetAgentDirectory: _every,
    cmd.SubscribeToAgentEvents: _every,
    cmd.SubscribeToAgentStats: _every,
    cmd.SubscribeToQueueStats: _every,
    cmd.GetQueueStatisticsCommand: _queue,
    cmd.SubscribeToQueueCalls: _queue,
    cmd.UnsubscribeFromQueueCalls: _queue,
    # -- the user's status and phone
    cmd.UserStatusUpdateCommand: _own,
    cmd.SubscribeToPhoneHints: _every,
    cmd.UnsubscribeFromAllPhoneHints: _every,
    cmd.GetCurrentCallsPhoneEvents: _own,
    cmd.Dial: _own,
    cmd.DialFromQueue: _own,
    cmd.Hangup: _own,
    cmd.Answer: _own,
    cmd.DirectTransfer: _own,
    # -- callbacks, which are in the database; every PBX tells of those that it has changed
    cmd.GetCallbackLists: _every,
    cmd.GetCallbackPreferredPeriods: _own,
    cmd.FindCallbackRequest: _own,
    cmd.TakeCallback: _own,
    cmd.ReleaseCallback: _own,
    cmd.StartCallback: _own,
    cmd.UpdateCallbackTicket: _own,
    cmd.ListenCallbackMessage: _own,
}
