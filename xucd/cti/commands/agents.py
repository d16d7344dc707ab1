"""Commands about agents: login, pause, listening, recording, states, statistics and groups."""

from msgspec import field

from xucd.cti.commands.base import Command, Id, LineNumber, Name


class AgentLogin(Command, kw_only=True, tag="agentLogin"):
    """Log an agent in on a line, taking the line over from whoever holds it.

    Followed by the agent's `AgentStateEvent`. An agent that is already on this line keeps its
    state, and is put into those of its queues that lack it. The result has the warning
    `PhoneUnreachable` while no queue can ring the phone, `InNoQueue` while no queue has the agent.
    Refused with `AgentUnknown`, `NotAuthorized`, `PhoneNumberUnknown` (no line has this number) or
    `LoggedInOnAnotherPhone`.
    """

    phone_number: LineNumber = field(name="agentphonenumber")
    agent_id: Id | None = field(name="agentid", default=None)


class AgentLogout(Command, kw_only=True, tag="agentLogout"):
    """Log an agent out of all its queues.

    Followed by the agent's `AgentStateEvent`, even if the agent was logged out already. Refused
    with `AgentUnknown` or `NotAuthorized`.
    """

    agent_id: Id | None = field(name="agentid", default=None)


class PauseAgent(Command, kw_only=True, tag="pauseAgent"):
    """Pause an agent in all its queues, with a reason or without one.

    Followed by the agent's `AgentStateEvent`, whose `cause` is the reason. Idempotent. Refused with
    `AgentUnknown`, `NotAuthorized`, `AgentNotLoggedIn` or `InvalidReason`: more than 79 bytes, a
    character that reasons do not have (markup, ``|``, ``;``, ``=``, a comma without a blank after
    it), or one that xucd itself gives (``unreachable``, ``xucd-wrapup``, ``xucd-logout``).
    """

    agent_id: Id | None = field(name="agentid", default=None)
    reason: Name | None = None


class UnpauseAgent(Command, kw_only=True, tag="unpauseAgent"):
    """Make an agent ready in all its queues; this also ends a wrap-up early.

    Followed by the agent's `AgentStateEvent`. Idempotent. The result has the warning
    `PhoneUnreachable` while no queue can ring the phone, `InNoQueue` while no queue has the agent:
    logging in again puts it back. Refused with `AgentUnknown`, `NotAuthorized` or
    `AgentNotLoggedIn`.
    """

    agent_id: Id | None = field(name="agentid", default=None)


class ListenAgent(Command, kw_only=True, tag="listenAgent"):
    """Ring the user's phone and let it listen to an agent's present call.

    Followed by `AgentListen`, to the user and to the agent. Idempotent while it lasts. Refused with
    `FeatureDisabled`, `AgentUnknown`, `NotAuthorized`, `LineUnknown`, `PhoneUnreachable`,
    `CannotListenToOneself` or `AgentNotOnCall`.
    """

    agent_id: Id | None = field(name="agentid", default=None)


class MonitorPause(Command, kw_only=True, tag="monitorPause"):
    """Pause the recording of an agent's queue call.

    Followed by an `AgentStateEvent` with the `monitorState` ``PAUSED``. Idempotent. Refused with
    `AgentUnknown`, `NotAuthorized`, `AgentNotOnCall`, `NotQueueCall` or `NotRecorded`.
    """

    agent_id: Id | None = field(name="agentid", default=None)


class MonitorUnpause(Command, kw_only=True, tag="monitorUnpause"):
    """Resume the recording of an agent's queue call.

    Followed by an `AgentStateEvent` with the `monitorState` ``ACTIVE``. Idempotent. Refused with
    `AgentUnknown`, `NotAuthorized`, `AgentNotOnCall`, `NotQueueCall` or `NotRecorded`.
    """

    agent_id: Id | None = field(name="agentid", default=None)


class SubscribeToAgentStats(Command, tag="subscribeToAgentStats"):
    """Receive every visible agent's `AgentStatistics`, now and whenever they change."""


class SubscribeToAgentEvents(Command, tag="subscribeToAgentEvents"):
    """Receive every visible agent's `AgentStateEvent` whenever its state changes.

    The present states are not sent: `getAgentStates` asks for them.
    """


class GetAgentStates(Command, tag="getAgentStates"):
    """Get the present state of every visible agent, as one `AgentStateEvent` for each."""


class GetAgentDirectory(Command, tag="getAgentDirectory"):
    """Get all visible agents with their present states, as one `AgentDirectory`."""


class SetAgentGroup(Command, kw_only=True, tag="setAgentGroup"):
    """Move an agent to another group.

    Followed by the agent's `AgentConfig`. Refused with `AgentUnknown`, `GroupUnknown` or
    `NotAuthorized` (the agent's present group and the new one must both be among the user's).
    """

    agent_id: Id | None = None
    group_id: Id
