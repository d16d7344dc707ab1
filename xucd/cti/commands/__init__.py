"""The commands of the protocol: one table, from the wire name to the struct of a command.

A struct stands with its like in a module of this package, and its docstring says what the command
does. Here is which commands there are, which message answers a query, and which commands subscribe.
What carries a command out stands in `xucd.app.handlers`; `xucd.cti.frames` makes a command out of
a client's frame.
"""

from xucd.cti import messages as msg
from xucd.cti.commands.agents import (
    AgentLogin,
    AgentLogout,
    GetAgentDirectory,
    GetAgentStates,
    ListenAgent,
    MonitorPause,
    MonitorUnpause,
    PauseAgent,
    SetAgentGroup,
    SubscribeToAgentEvents,
    SubscribeToAgentStats,
    UnpauseAgent,
)
from xucd.cti.commands.base import Command, Id, LineNumber, Number, QueryAnswer, QueryAnswerBy
from xucd.cti.commands.callbacks import (
    CallbackFilter,
    CallbackOrder,
    CallbackSearch,
    FindCallbackRequest,
    GetCallbackLists,
    GetCallbackPreferredPeriods,
    ListenCallbackMessage,
    ReleaseCallback,
    StartCallback,
    TakeCallback,
    UpdateCallbackTicket,
)
from xucd.cti.commands.lists import (
    ApplyUsersDefaultMembership,
    DefaultQueue,
    GetConfig,
    GetList,
    GetUserDefaultMembership,
    SetUserDefaultMembership,
    SetUsersDefaultMembership,
)
from xucd.cti.commands.phones import (
    Answer,
    Dial,
    DialFromQueue,
    DirectTransfer,
    GetCurrentCallsPhoneEvents,
    Hangup,
    SubscribeToPhoneHints,
    UnsubscribeFromAllPhoneHints,
    UserStatusUpdateCommand,
)
from xucd.cti.commands.queues import (
    AddAgentsInGroup,
    AddAgentsNotInQueueFromGroupTo,
    GetQueueStatisticsCommand,
    MoveAgentsInGroup,
    RemoveAgentFromQueue,
    RemoveAgentGroupFromQueueGroup,
    SetAgentQueue,
    SubscribeToQueueCalls,
    SubscribeToQueueStats,
    UnsubscribeFromQueueCalls,
)

COMMANDS: dict[str, type[Command]] = {
    # -- agents
    "agentLogin": AgentLogin,
    "agentLogout": AgentLogout,
    "pauseAgent": PauseAgent,
    "unpauseAgent": UnpauseAgent,
    "listenAgent": ListenAgent,
    "monitorPause": MonitorPause,
    "monitorUnpause": MonitorUnpause,
    "subscribeToAgentStats": SubscribeToAgentStats,
    "subscribeToAgentEvents": SubscribeToAgentEvents,
    "getAgentStates": GetAgentStates,
    "getAgentDirectory": GetAgentDirectory,
    "setAgentGroup": SetAgentGroup,
    # -- queues
    "setAgentQueue": SetAgentQueue,
    "removeAgentFromQueue": RemoveAgentFromQueue,
    "moveAgentsInGroup": MoveAgentsInGroup,
    "addAgentsInGroup": AddAgentsInGroup,
    "removeAgentGroupFromQueueGroup": RemoveAgentGroupFromQueueGroup,
    "addAgentsNotInQueueFromGroupTo": AddAgentsNotInQueueFromGroupTo,
    "subscribeToQueueStats": SubscribeToQueueStats,
    "getQueueStatistics": GetQueueStatisticsCommand,
    "subscribeToQueueCalls": SubscribeToQueueCalls,
    "unSubscribeToQueueCalls": UnsubscribeFromQueueCalls,
    # -- lists and default memberships
    "getList": GetList,
    "getConfig": GetConfig,
    "getUserDefaultMembership": GetUserDefaultMembership,
    "setUserDefaultMembership": SetUserDefaultMembership,
    "setUsersDefaultMembership": SetUsersDefaultMembership,
    "applyUsersDefaultMembership": ApplyUsersDefaultMembership,
    # -- the user's status and phones
    "userStatusUpdate": UserStatusUpdateCommand,
    "subscribeToPhoneHints": SubscribeToPhoneHints,
    "unsubscribeFromAllPhoneHints": UnsubscribeFromAllPhoneHints,
    "getCurrentCallsPhoneEvents": GetCurrentCallsPhoneEvents,
    "dial": Dial,
    "dialFromQueue": DialFromQueue,
    "hangup": Hangup,
    "answer": Answer,
    "directTransfer": DirectTransfer,
    # -- callbacks
    "getCallbackLists": GetCallbackLists,
    "getCallbackPreferredPeriods": GetCallbackPreferredPeriods,
    "findCallbackRequest": FindCallbackRequest,
    "takeCallback": TakeCallback,
    "releaseCallback": ReleaseCallback,
    "startCallback": StartCallback,
    "updateCallbackTicket": UpdateCallbackTicket,
    "listenCallbackMessage": ListenCallbackMessage,
}
"""Every command by its name on the wire."""

_LISTS = {
    "agent": QueryAnswer(msg.AgentList),
    "agentgroup": QueryAnswer(msg.AgentGroupList),
    "queue": QueryAnswer(msg.QueueList),
    "queuemember": QueryAnswer(msg.QueueMemberList),
    "basequeuemember": QueryAnswer(msg.UsersQueueDefaultMembership),
}

ANSWERS: dict[type[Command], QueryAnswer | QueryAnswerBy] = {
    GetList: QueryAnswerBy("objectType", _LISTS),
    GetConfig: QueryAnswerBy("objectType", {**_LISTS, "line": QueryAnswer(msg.LineConfig)}),
    GetAgentDirectory: QueryAnswer(msg.AgentDirectory),
    GetQueueStatisticsCommand: QueryAnswer(msg.GetQueueStatistics, ("queueId", "queueId")),
    SubscribeToQueueCalls: QueryAnswer(msg.QueueCalls, ("queueId", "queueId")),
    GetCurrentCallsPhoneEvents: QueryAnswer(msg.CurrentCallsPhoneEvents),
    GetUserDefaultMembership: QueryAnswer(msg.UserQueueDefaultMembership, ("userId", "userId")),
    GetCallbackLists: QueryAnswer(msg.CallbackLists),
    GetCallbackPreferredPeriods: QueryAnswer(msg.PreferredCallbackPeriodList),
    FindCallbackRequest: QueryAnswer(msg.FindCallbackResponseWithId, ("id", "id")),
    StartCallback: QueryAnswer(msg.CallbackStarted, ("requestUuid", "uuid")),
}
"""The message that answers each query, sent before its `CommandResult`."""

SUBSCRIBING: frozenset[type[Command]] = frozenset(
    {
        GetList,
        GetCallbackLists,
        SubscribeToAgentEvents,
        SubscribeToAgentStats,
        SubscribeToQueueStats,
        SubscribeToQueueCalls,
        SubscribeToPhoneHints,
    }
)
"""Commands that subscribe to later messages; client libraries repeat them on a new stream."""

UNSUBSCRIBING: dict[type[Command], type[Command]] = {
    UnsubscribeFromQueueCalls: SubscribeToQueueCalls,
    UnsubscribeFromAllPhoneHints: SubscribeToPhoneHints,
}
"""Commands that end a subscription, each with the command that begins it."""

__all__ = [
    "ANSWERS",
    "COMMANDS",
    "SUBSCRIBING",
    "UNSUBSCRIBING",
    "AddAgentsInGroup",
    "AddAgentsNotInQueueFromGroupTo",
    "AgentLogin",
    "AgentLogout",
    "Answer",
    "ApplyUsersDefaultMembership",
    "CallbackFilter",
    "CallbackOrder",
    "CallbackSearch",
    "Command",
    "DefaultQueue",
    "Dial",
    "DialFromQueue",
    "DirectTransfer",
    "FindCallbackRequest",
    "GetAgentDirectory",
    "GetAgentStates",
    "GetCallbackLists",
    "GetCallbackPreferredPeriods",
    "GetConfig",
    "GetCurrentCallsPhoneEvents",
    "GetList",
    "GetQueueStatisticsCommand",
    "GetUserDefaultMembership",
    "Hangup",
    "Id",
    "LineNumber",
    "ListenAgent",
    "ListenCallbackMessage",
    "MonitorPause",
    "MonitorUnpause",
    "MoveAgentsInGroup",
    "Number",
    "PauseAgent",
    "QueryAnswer",
    "QueryAnswerBy",
    "ReleaseCallback",
    "RemoveAgentFromQueue",
    "RemoveAgentGroupFromQueueGroup",
    "SetAgentGroup",
    "SetAgentQueue",
    "SetUserDefaultMembership",
    "SetUsersDefaultMembership",
    "StartCallback",
    "SubscribeToAgentEvents",
    "SubscribeToAgentStats",
    "SubscribeToPhoneHints",
    "SubscribeToQueueCalls",
    "SubscribeToQueueStats",
    "TakeCallback",
    "UnpauseAgent",
    "UnsubscribeFromAllPhoneHints",
    "UnsubscribeFromQueueCalls",
    "UpdateCallbackTicket",
    "UserStatusUpdateCommand",
]
