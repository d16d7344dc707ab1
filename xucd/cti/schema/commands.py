"""Commands as client libraries offer them: a method's name, its arguments, what it answers.

The wire's spellings are those of clients in the field; a library's are sane. Both stand in the
structs of `xucd.cti.commands`, save for the few names that only history explains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from xucd.cti import commands
from xucd.cti import messages as msg

_METHODS = {"agentLogin": "loginAgent", "agentLogout": "logoutAgent"}
"""Commands that the Agent API knows by another name than the wire does."""

_ARGUMENTS = {"agentid": "agentId", "agentphonenumber": "phoneNumber"}
"""Arguments that the wire does not spell as it spells all others."""


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """The message that answers a query.

    `same` names a key of it and the argument that it repeats, where several may be under way.
    """

    message: type[msg.Message]
    same: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class QueryAnswerBy:
    """An answer that depends on an argument."""

    argument: str
    of: Mapping[str, QueryAnswer]


_LISTS = {
    "agent": QueryAnswer(msg.AgentList),
    "agentgroup": QueryAnswer(msg.AgentGroupList),
    "queue": QueryAnswer(msg.QueueList),
    "queuemember": QueryAnswer(msg.QueueMemberList),
    "basequeuemember": QueryAnswer(msg.UsersQueueDefaultMembership),
}

ANSWERS: dict[type[commands.Command], QueryAnswer | QueryAnswerBy] = {
    commands.GetList: QueryAnswerBy("objectType", _LISTS),
    commands.GetConfig: QueryAnswerBy(
        "objectType", {**_LISTS, "line": QueryAnswer(msg.LineConfig)}
    ),
    commands.GetAgentDirectory: QueryAnswer(msg.AgentDirectory),
    commands.GetQueueStatisticsCommand: QueryAnswer(msg.GetQueueStatistics, ("queueId", "queueId")),
    commands.SubscribeToQueueCalls: QueryAnswer(msg.QueueCalls, ("queueId", "queueId")),
    commands.GetCurrentCallsPhoneEvents: QueryAnswer(msg.CurrentCallsPhoneEvents),
    commands.GetUserDefaultMembership: QueryAnswer(
        msg.UserQueueDefaultMembership, ("userId", "userId")
    ),
    commands.GetCallbackLists: QueryAnswer(msg.CallbackLists),
    commands.GetCallbackPreferredPeriods: QueryAnswer(msg.PreferredCallbackPeriodList),
    commands.FindCallbackRequest: QueryAnswer(msg.FindCallbackResponseWithId, ("id", "id")),
    commands.StartCallback: QueryAnswer(msg.CallbackStarted, ("requestUuid", "uuid")),
}
"""What each query is answered by, once it is done."""

SUBSCRIBING: frozenset[type[commands.Command]] = frozenset(
    {
        commands.GetList,
        commands.GetCallbackLists,
        commands.SubscribeToAgentEvents,
        commands.SubscribeToAgentStats,
        commands.SubscribeToQueueStats,
        commands.SubscribeToQueueCalls,
        commands.SubscribeToPhoneHints,
    }
)
"""Commands that are heard of from then on, and so are sent anew on a stream that is new."""

UNSUBSCRIBING: dict[type[commands.Command], type[commands.Command]] = {
    commands.UnsubscribeFromQueueCalls: commands.SubscribeToQueueCalls,
    commands.UnsubscribeFromAllPhoneHints: commands.SubscribeToPhoneHints,
}
"""Commands that undo those."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a method: its name there and on the wire, and the field it becomes."""

    name: str
    wire: str
    field: msgspec.structs.FieldInfo


@dataclass(frozen=True, slots=True)
class Method:
    """A command as a method."""

    name: str
    command: str
    ask: type[commands.Command]
    arguments: tuple[Argument, ...]

    @property
    def answer(self) -> QueryAnswer | QueryAnswerBy | None:
        """What answers it, if it is a query."""
        return ANSWERS.get(self.ask)


def method_name(command: str) -> str:
    """What libraries call a command of the wire."""
    return _METHODS.get(command, command)


def methods() -> Iterator[Method]:
    """Every command, in the order in which `xucd.cti.commands` has them."""
    for command, ask in commands.COMMANDS.items():
        arguments = tuple(
            Argument(_ARGUMENTS.get(info.encode_name, info.encode_name), info.encode_name, info)
            for info in msgspec.structs.fields(ask)
            if info.name != "request_id"
        )
        yield Method(method_name(command), command, ask, arguments)


def table() -> dict[str, Any]:
    """All methods by name, as the JavaScript library's table of commands has them."""
    return {method.name: _row(method) for method in methods()}


def _row(method: Method) -> dict[str, Any]:
    row: dict[str, Any] = {
        "command": method.command,
        "arguments": {argument.name: argument.wire for argument in method.arguments},
    }
    if isinstance(method.answer, QueryAnswer):
        row["answer"] = _answer(method.answer)
    elif method.answer is not None:
        of = {value: _answer(answer) for value, answer in method.answer.of.items()}
        row["answer"] = {"by": method.answer.argument, "of": of}
    if method.ask in SUBSCRIBING:
        row["subscribes"] = True
    if method.ask in UNSUBSCRIBING:
        row["undoes"] = method_name(str(UNSUBSCRIBING[method.ask].__struct_config__.tag))
    return row


def _answer(answer: QueryAnswer) -> dict[str, Any]:
    row: dict[str, Any] = {"type": answer.message.__name__}
    if answer.same is not None:
        row["same"] = list(answer.same)
    return row
