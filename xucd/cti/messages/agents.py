"""Messages about agents, groups of agents and sheets."""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from xucd.center.agent import AgentState
from xucd.cti.messages.base import (
    ArrayMessage,
    Interface,
    Message,
    Name,
    Number,
    Part,
    Reason,
    Text,
    Time,
    Word,
)
from xucd.cti.messages.statistics import AgentStatistic

Seconds = int


class AgentError(Message, forbid_unknown_fields=True, kw_only=True):
    """A command was refused, or a call that it started has failed; `Error` is the code.

    `LoggedInOnAnotherPhone` comes with `phoneNb`, the agent's line, and `RequestedNb`. An error
    about a callback comes with its `uuid`, that of its call with the `ticketUuid`, and
    `CallbackTaken` with the `agentId` of the agent that has it.
    """

    error: Word = field(name="Error")
    phone_number: Number | UnsetType = field(name="phoneNb", default=UNSET)
    requested_number: Number | UnsetType = field(name="RequestedNb", default=UNSET)
    uuid: Word | UnsetType = UNSET
    ticket_uuid: Word | UnsetType = field(name="ticketUuid", default=UNSET)
    agent_id: int | UnsetType = field(name="agentId", default=UNSET)


class AgentStateEvent(Message, kw_only=True):
    """An agent's state, and for how many seconds it has been in it when the message is sent.

    `phoneNb` is the agent's line, or the last one it was on; `queues` are the ids of its queues.
    `cause` comes with `AgentReady` and `AgentOnPause` only (there it is the reason), and `acd` (a
    call from a queue), `direction`, `callType` and `monitorState` with `AgentOnCall` only, because
    clients conclude a call from their presence. In a centre with several PBXs `pbx` names the one
    where the agent is logged in, or was last.
    """

    name: AgentState
    agent_id: int
    phone_number: Number = field(name="phoneNb")
    since: Seconds
    queues: list[int]
    cause: Reason | UnsetType = UNSET
    acd: bool | UnsetType = UNSET
    direction: Literal["Incoming", "Outgoing"] | UnsetType = UNSET
    call_type: Literal["Internal", "External"] | UnsetType = UNSET
    monitor_state: Literal["ACTIVE", "PAUSED", "DISABLED"] | UnsetType = UNSET
    pbx: Word | UnsetType = UNSET


class ListedAgent(Part, kw_only=True):
    """An agent's entry in a list: its names, its number, and its group."""

    id: int
    first_name: Name
    last_name: Name
    number: Number
    context: Word
    group_id: int
    user_id: int | UnsetType = UNSET


class AgentList(ArrayMessage, kw_only=True):
    """All agents that the user may see."""

    items: list[ListedAgent]


class DirectoryEntry(Part, kw_only=True):
    """An agent with its present state."""

    agent: ListedAgent
    agent_state: AgentStateEvent


class AgentDirectory(Message, kw_only=True):
    """All agents that the user may see, each with its present state."""

    directory: list[DirectoryEntry]


class AgentMembership(Part, rename=None, kw_only=True):
    """A queue of an agent in `AgentConfig`, spelled as clients in the field expect it.

    `configured_penalty` and `missing` are as in `QueueMember`.
    """

    queue_name: Name
    queue_id: int
    interface: Interface
    penalty: int
    userid: int
    commented: int = 0
    usertype: Word = "Agent"
    channel: Word = "Agent"
    category: Word = "Queue"
    position: int = 1
    configured_penalty: int | UnsetType = UNSET
    missing: bool | UnsetType = UNSET


class RemovedMembership(Part, rename=None, kw_only=True):
    """A queue in `AgentConfig` out of which another program has taken the agent.

    `configured_penalty` is what the next login gives, as in `QueueMember`.
    """

    queue_name: Name
    queue_id: int
    configured_penalty: int


class AgentConfig(Message, kw_only=True):
    """An agent's configuration, after it has changed.

    `member` are the queues that it is in, or is yet to be in. `removed` is sent where another
    program has taken it out of queues that it is configured for.

    First name, last name, group and user are sent in two spellings (`firstName` and `firstname`,
    `lastName` and `lastname`, `groupId` and `numgroup`, `userId` and `userid`), because clients of
    two generations read it.
    """

    id: int
    number: Number
    context: Word
    member: list[AgentMembership]
    removed: list[RemovedMembership] | UnsetType = UNSET
    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    group_id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    old_first_name: Name | UnsetType = field(name="firstname", default=UNSET)
    old_last_name: Name | UnsetType = field(name="lastname", default=UNSET)
    old_group_id: int | UnsetType = field(name="numgroup", default=UNSET)
    old_user_id: int | UnsetType = field(name="userid", default=UNSET)

    def __post_init__(self) -> None:
        # Whoever makes one gives either spelling, and the other follows.
        for name in ("first_name", "last_name", "group_id", "user_id"):
            new, old = getattr(self, name), getattr(self, f"old_{name}")
            setattr(self, name, old if new is UNSET else new)
            setattr(self, f"old_{name}", new if old is UNSET else old)


class AgentGroup(Part, kw_only=True):
    """A group of agents."""

    id: int
    name: Name


class AgentGroupList(ArrayMessage, kw_only=True):
    """All groups of agents that the user may see."""

    items: list[AgentGroup]


class AgentListen(Message, kw_only=True):
    """A user has begun to listen to an agent's call, or has stopped.

    `phoneNumber` is the number of the listener's line.
    """

    started: bool
    phone_number: Number
    agent_id: int


class Statistic(Part, kw_only=True):
    """One figure of an agent: times are in seconds, moments are RFC 3339 strings."""

    name: AgentStatistic
    value: int | float | Time


class AgentStatistics(Message, kw_only=True):
    """An agent's figures since midnight, local time."""

    id: int
    statistics: list[Statistic]


class SheetItem(Part, kw_only=True):
    """One line of a sheet: a named value, its type (such as ``text`` or ``url``), and its place."""

    value: Text
    name: Text
    order: int
    type: Word


class SheetUser(Part, kw_only=True):
    """The part of a sheet that is shown to the user."""

    sheet_info: list[SheetItem]


class SheetProfile(Part, kw_only=True):
    """A sheet's content by its audience; there is one audience, the user."""

    user: SheetUser


class SheetPayload(Part, kw_only=True):
    """A sheet's content, in the nesting that clients expect."""

    profile: SheetProfile


class Sheet(Message, kw_only=True):
    """What a page is to show about a call to the user's phone, such as the caller's record.

    `timenow` is in epoch seconds; `channel` is the caller's.
    """

    timenow: int
    payload: SheetPayload
    channel: Name
    compressed: bool = True
    serial: Word = "xml"
