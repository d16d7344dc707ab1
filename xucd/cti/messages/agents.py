"""What clients are told about agents, groups of agents and sheets."""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from xucd.cti.messages.base import ArrayMessage, Message, Part

Seconds = int


class AgentError(Message, forbid_unknown_fields=True, kw_only=True):
    """A command about an agent was refused, or what it began has failed.

    `uuid` is of the callback that it was about, `ticket_uuid` of that call's ticket; `agent_id`
    says who has taken the callback.
    """

    error: str = field(name="Error")
    phone_number: str | UnsetType = field(name="phoneNb", default=UNSET)
    requested_number: str | UnsetType = field(name="RequestedNb", default=UNSET)
    uuid: str | UnsetType = UNSET
    ticket_uuid: str | UnsetType = field(name="ticketUuid", default=UNSET)
    agent_id: int | UnsetType = field(name="agentId", default=UNSET)


AgentState = Literal[
    "AgentLogin",
    "AgentReady",
    "AgentOnPause",
    "AgentOnWrapup",
    "AgentRinging",
    "AgentDialing",
    "AgentOnCall",
    "AgentLoggedOut",
]


class AgentStateEvent(Message, kw_only=True):
    """An agent's state. `since` is how long it has been in it when the message is made.

    `cause` goes with `AgentReady` and `AgentOnPause`; the last four with `AgentOnCall` alone, since
    clients conclude a call from their presence.
    """

    name: AgentState
    agent_id: int
    phone_number: str = field(name="phoneNb")
    since: Seconds
    queues: list[int]
    cause: str | UnsetType = UNSET
    acd: bool | UnsetType = UNSET
    direction: Literal["Incoming", "Outgoing"] | UnsetType = UNSET
    call_type: Literal["Internal", "External"] | UnsetType = UNSET
    monitor_state: Literal["ACTIVE", "PAUSED", "DISABLED"] | UnsetType = UNSET


class ListedAgent(Part, kw_only=True):
    """An agent as lists have it."""

    id: int
    first_name: str
    last_name: str
    number: str
    context: str
    group_id: int
    user_id: int | UnsetType = UNSET


class AgentList(ArrayMessage, kw_only=True):
    """All agents the client may see."""

    items: list[ListedAgent]


class DirectoryEntry(Part, kw_only=True):
    """An agent with its present state."""

    agent: ListedAgent
    agent_state: AgentStateEvent


class AgentDirectory(Message, kw_only=True):
    """All agents the client may see, each with its state."""

    directory: list[DirectoryEntry]


class AgentMembership(Part, rename=None, kw_only=True):
    """A queue of an agent, as `AgentConfig` tells it."""

    queue_name: str
    queue_id: int
    interface: str
    penalty: int
    userid: int
    commented: int = 0
    usertype: str = "Agent"
    channel: str = "Agent"
    category: str = "Queue"
    position: int = 1


class AgentConfig(Message, kw_only=True):
    """An agent's configuration, after it has changed.

    Clients of two generations read it, so four fields are sent in both spellings: give either, the
    other follows.
    """

    id: int
    number: str
    context: str
    member: list[AgentMembership]
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    group_id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    old_first_name: str | UnsetType = field(name="firstname", default=UNSET)
    old_last_name: str | UnsetType = field(name="lastname", default=UNSET)
    old_group_id: int | UnsetType = field(name="numgroup", default=UNSET)
    old_user_id: int | UnsetType = field(name="userid", default=UNSET)

    def __post_init__(self) -> None:
        for name in ("first_name", "last_name", "group_id", "user_id"):
            new, old = getattr(self, name), getattr(self, f"old_{name}")
            setattr(self, name, old if new is UNSET else new)
            setattr(self, f"old_{name}", new if old is UNSET else old)


class AgentGroup(Part, kw_only=True):
    """A group of agents."""

    id: int
    name: str


class AgentGroupList(ArrayMessage, kw_only=True):
    """All groups the client may see."""

    items: list[AgentGroup]


class AgentListen(Message, kw_only=True):
    """Somebody began or ceased to listen to the agent."""

    started: bool
    phone_number: str
    agent_id: int


class Statistic(Part, kw_only=True):
    """One figure: times in seconds, moments as RFC 3339 strings."""

    name: str
    value: int | float | str


class AgentStatistics(Message, kw_only=True):
    """Figures of an agent for the day."""

    id: int
    statistics: list[Statistic]


class SheetItem(Part, kw_only=True):
    """One line of a sheet."""

    value: str
    name: str
    order: int
    type: str


class SheetUser(Part, kw_only=True):
    """What of a sheet is for the user."""

    sheet_info: list[SheetItem]


class SheetProfile(Part, kw_only=True):
    """A sheet by its readers."""

    user: SheetUser


class SheetPayload(Part, kw_only=True):
    """A sheet's content."""

    profile: SheetProfile


class Sheet(Message, kw_only=True):
    """What is known of a call that rings. `timenow` is in epoch seconds."""

    timenow: int
    payload: SheetPayload
    channel: str
    compressed: bool = True
    serial: str = "xml"
