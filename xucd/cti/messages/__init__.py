"""The messages that xucd sends to clients: one struct for each, named as its `msgType`.

`base` says how they are encoded.
"""

import msgspec

from xucd.cti.messages.agents import (
    AgentConfig,
    AgentDirectory,
    AgentError,
    AgentGroup,
    AgentGroupList,
    AgentList,
    AgentListen,
    AgentMembership,
    AgentStateEvent,
    AgentStatistics,
    DirectoryEntry,
    ListedAgent,
    RemovedMembership,
    Sheet,
    SheetItem,
    SheetPayload,
    SheetProfile,
    SheetUser,
    Statistic,
)
from xucd.cti.messages.base import ArrayMessage, Message, Part, encode
from xucd.cti.messages.callbacks import (
    CallbackClotured,
    CallbackList,
    CallbackLists,
    CallbackPage,
    CallbackPeriod,
    CallbackReleased,
    CallbackRequest,
    CallbackRequestUpdated,
    CallbackStarted,
    CallbackTaken,
    FindCallbackResponseWithId,
    PreferredCallbackPeriodList,
)
from xucd.cti.messages.opening import (
    CommandResult,
    Error,
    LinkStatus,
    LoggedOn,
    RequestId,
    RightProfile,
    StatusAction,
    Stream,
    UserConfigUpdate,
    UsersStatuses,
    UserStatus,
    UserStatusUpdate,
)
from xucd.cti.messages.phones import (
    PHONE_HINT,
    CurrentCallsPhoneEvents,
    LineConfig,
    PhoneEvent,
    PhoneEventType,
    PhoneHintStatusEvent,
    PhoneStatus,
    PhoneStatusUpdate,
)
from xucd.cti.messages.queues import (
    Counter,
    GetQueueStatistics,
    QueueCall,
    QueueCalls,
    QueueConfig,
    QueueList,
    QueueMember,
    QueueMemberList,
    QueuePenalty,
    QueueStatistics,
    UserQueueDefaultMembership,
    UsersQueueDefaultMembership,
    WindowCounter,
)
from xucd.cti.messages.statistics import AgentStatistic, QueueStatistic, window_name

MESSAGES: dict[str, type[Message]] = {
    message.__name__: message
    for message in (
        # -- the link and the user
        LoggedOn,
        RightProfile,
        UsersStatuses,
        UserConfigUpdate,
        UserStatusUpdate,
        LinkStatus,
        Error,
        CommandResult,
        # -- the user's phone and other phones
        LineConfig,
        PhoneStatusUpdate,
        PhoneHintStatusEvent,
        PhoneEvent,
        CurrentCallsPhoneEvents,
        # -- agents and sheets
        AgentError,
        AgentStateEvent,
        AgentList,
        AgentDirectory,
        AgentConfig,
        AgentGroupList,
        AgentListen,
        AgentStatistics,
        Sheet,
        # -- queues
        QueueMember,
        QueueMemberList,
        QueueConfig,
        QueueList,
        QueueStatistics,
        GetQueueStatistics,
        QueueCalls,
        UserQueueDefaultMembership,
        UsersQueueDefaultMembership,
        # -- callbacks
        CallbackLists,
        PreferredCallbackPeriodList,
        FindCallbackResponseWithId,
        CallbackTaken,
        CallbackStarted,
        CallbackClotured,
        CallbackReleased,
        CallbackRequestUpdated,
    )
}
"""Every message by its `msgType`, which is the name of its class."""


def decode(msg_type: str, body: bytes) -> Message:
    """The body of a message as a client reads it.

    Raises KeyError for an unknown type and msgspec.ValidationError for a body that does not fit.
    """
    cls = MESSAGES[msg_type]
    if issubclass(cls, ArrayMessage):
        return cls(items=msgspec.json.decode(body, type=cls.__annotations__["items"]))
    return msgspec.json.decode(body, type=cls)


__all__ = [
    "MESSAGES",
    "PHONE_HINT",
    "AgentConfig",
    "AgentDirectory",
    "AgentError",
    "AgentGroup",
    "AgentGroupList",
    "AgentList",
    "AgentListen",
    "AgentMembership",
    "AgentStateEvent",
    "AgentStatistic",
    "AgentStatistics",
    "ArrayMessage",
    "CallbackClotured",
    "CallbackList",
    "CallbackLists",
    "CallbackPage",
    "CallbackPeriod",
    "CallbackReleased",
    "CallbackRequest",
    "CallbackRequestUpdated",
    "CallbackStarted",
    "CallbackTaken",
    "CommandResult",
    "Counter",
    "CurrentCallsPhoneEvents",
    "DirectoryEntry",
    "Error",
    "FindCallbackResponseWithId",
    "GetQueueStatistics",
    "LineConfig",
    "LinkStatus",
    "ListedAgent",
    "LoggedOn",
    "Message",
    "Part",
    "PhoneEvent",
    "PhoneEventType",
    "PhoneHintStatusEvent",
    "PhoneStatus",
    "PhoneStatusUpdate",
    "PreferredCallbackPeriodList",
    "QueueCall",
    "QueueCalls",
    "QueueConfig",
    "QueueList",
    "QueueMember",
    "QueueMemberList",
    "QueuePenalty",
    "QueueStatistic",
    "QueueStatistics",
    "RemovedMembership",
    "RequestId",
    "RightProfile",
    "Sheet",
    "SheetItem",
    "SheetPayload",
    "SheetProfile",
    "SheetUser",
    "Statistic",
    "StatusAction",
    "Stream",
    "UserConfigUpdate",
    "UserQueueDefaultMembership",
    "UserStatus",
    "UserStatusUpdate",
    "UsersQueueDefaultMembership",
    "UsersStatuses",
    "WindowCounter",
    "decode",
    "encode",
    "window_name",
]
