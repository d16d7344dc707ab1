"""What clients are told: one struct for every message, named as its `msgType`.

`wire` tells how they are put on the wire.
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
    AgentState,
    AgentStateEvent,
    AgentStatistics,
    DirectoryEntry,
    ListedAgent,
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
)


def _messages(base: type[Message]) -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for cls in base.__subclasses__():
        found |= {cls.__name__: cls} | _messages(cls)
    return found


MESSAGES = _messages(Message)
"""Every message by its `msgType`."""
del MESSAGES[ArrayMessage.__name__]


def decode(msg_type: str, body: bytes) -> Message:
    """The body of a message as a client would read it; for tests and tools.

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
    "AgentState",
    "AgentStateEvent",
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
    "QueueStatistics",
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
    "decode",
    "encode",
]
