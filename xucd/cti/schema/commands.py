"""Commands as client libraries offer them: a method's name, its arguments, what it answers.

The wire's spellings are those of clients in the field; a library's are sane. Both stand in the
structs of `xucd.cti.asks`, save for the few names that only history explains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from xucd.cti import asks
from xucd.cti import messages as msg

_METHODS = {"agentLogin": "loginAgent", "agentLogout": "logoutAgent"}
"""Commands that the Agent API knows by another name than the wire does."""

_ARGUMENTS = {"agentid": "agentId", "agentphonenumber": "phoneNumber"}
"""Arguments that the wire does not spell as it spells all others."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The message that answers a query.

    `same` names a key of it and the argument that it repeats, where several may be under way.
    """

    message: type[msg.Message]
    same: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class AnswerBy:
    """An answer that depends on an argument."""

    argument: str
    of: Mapping[str, Answer]


_LISTS = {
    "agent": Answer(msg.AgentList),
    "agentgroup": Answer(msg.AgentGroupList),
    "queue": Answer(msg.QueueList),
    "queuemember": Answer(msg.QueueMemberList),
    "basequeuemember": Answer(msg.UsersQueueDefaultMembership),
}

ANSWERS: dict[type[asks.Ask], Answer | AnswerBy] = {
    asks.GetList: AnswerBy("objectType", _LISTS),
    asks.GetConfig: AnswerBy("objectType", {**_LISTS, "line": Answer(msg.LineConfig)}),
    asks.GetAgentDirectory: Answer(msg.AgentDirectory),
    asks.GetQueueStatistics: Answer(msg.GetQueueStatistics, ("queueId", "queueId")),
    asks.SubscribeToQueueCalls: Answer(msg.QueueCalls, ("queueId", "queueId")),
    asks.GetCurrentCallsPhoneEvents: Answer(msg.CurrentCallsPhoneEvents),
    asks.GetUserDefaultMembership: Answer(msg.UserQueueDefaultMembership, ("userId", "userId")),
    asks.GetCallbackLists: Answer(msg.CallbackLists),
    asks.GetCallbackPreferredPeriods: Answer(msg.PreferredCallbackPeriodList),
    asks.FindCallbackRequest: Answer(msg.FindCallbackResponseWithId, ("id", "id")),
    asks.StartCallback: Answer(msg.CallbackStarted, ("requestUuid", "uuid")),
}
"""What each query is answered by, once it is done."""

SUBSCRIBING: frozenset[type[asks.Ask]] = frozenset(
    {
        asks.GetList,
        asks.GetCallbackLists,
        asks.SubscribeToAgentEvents,
        asks.SubscribeToAgentStats,
        asks.SubscribeToQueueStats,
        asks.SubscribeToQueueCalls,
        asks.SubscribeToPhoneHints,
    }
)
"""Commands that are heard of from then on, and so are sent anew on a stream that is new."""

UNSUBSCRIBING: dict[type[asks.Ask], type[asks.Ask]] = {
    asks.UnsubscribeFromQueueCalls: asks.SubscribeToQueueCalls,
    asks.UnsubscribeFromAllPhoneHints: asks.SubscribeToPhoneHints,
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
    ask: type[asks.Ask]
    arguments: tuple[Argument, ...]

    @property
    def answer(self) -> Answer | AnswerBy | None:
        """What answers it, if it is a query."""
        return ANSWERS.get(self.ask)


def method_name(command: str) -> str:
    """What libraries call a command of the wire."""
    return _METHODS.get(command, command)


def methods() -> Iterator[Method]:
    """Every command, in the order in which `xucd.cti.asks` has them."""
    for command, ask in asks.COMMANDS.items():
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
    if isinstance(method.answer, Answer):
        row["answer"] = _answer(method.answer)
    elif method.answer is not None:
        of = {value: _answer(answer) for value, answer in method.answer.of.items()}
        row["answer"] = {"by": method.answer.argument, "of": of}
    if method.ask in SUBSCRIBING:
        row["subscribes"] = True
    if method.ask in UNSUBSCRIBING:
        row["undoes"] = method_name(str(UNSUBSCRIBING[method.ask].__struct_config__.tag))
    return row


def _answer(answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"type": answer.message.__name__}
    if answer.same is not None:
        row["same"] = list(answer.same)
    return row
