"""Commands as client libraries offer them: a method's name, its arguments, its answer.

The wire's spellings are those of clients in the field; a library's are regular. Both stand in the
structs of `xucd.cti.commands`, except for the few names below.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from xucd.cti.commands import (
    ANSWERS,
    COMMANDS,
    SUBSCRIBING,
    UNSUBSCRIBING,
    Command,
    QueryAnswer,
    QueryAnswerBy,
)

_METHODS = {"agentLogin": "loginAgent", "agentLogout": "logoutAgent"}
"""Commands that the Agent API calls by another name than the wire."""

_ARGUMENTS = {"agentid": "agentId", "agentphonenumber": "phoneNumber"}
"""Arguments whose spelling on the wire is irregular."""


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
    struct: type[Command]
    arguments: tuple[Argument, ...]

    @property
    def answer(self) -> QueryAnswer | QueryAnswerBy | None:
        """The message that answers it, if it is a query."""
        return ANSWERS.get(self.struct)

    @property
    def given(self) -> tuple[Argument, ...]:
        """The arguments that a caller gives: all but the number by which a client library
        recognizes the answer."""
        answer = self.answer
        if isinstance(answer, QueryAnswer) and answer.same is not None and answer.same[0] == "id":
            return tuple(argument for argument in self.arguments if argument.name != "id")
        return self.arguments

    @property
    def text(self) -> str:
        """What the command does: the docstring of its struct."""
        return doc(self.struct)

    @property
    def summary(self) -> str:
        """The first sentence of `text`."""
        return self.text.partition("\n")[0]


def doc(kind: type[Any]) -> str:
    """A class's docstring without its indentation. Raises TypeError if it has none of its own."""
    text = kind.__dict__.get("__doc__")
    if not text:
        raise TypeError(f"{kind.__name__} has no docstring, which documents it to clients")
    return inspect.cleandoc(text)


def method_name(command: str) -> str:
    """The name of a command's method, by its wire name."""
    return _METHODS.get(command, command)


def methods() -> Iterator[Method]:
    """Every command, in the order of `COMMANDS`."""
    for command, struct in COMMANDS.items():
        arguments = tuple(
            Argument(_ARGUMENTS.get(info.encode_name, info.encode_name), info.encode_name, info)
            for info in msgspec.structs.fields(struct)
            if info.name != "request_id"
        )
        yield Method(method_name(command), command, struct, arguments)


def table() -> dict[str, Any]:
    """All methods by name, as rows of the JavaScript library's table of commands."""
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
    if method.struct in SUBSCRIBING:
        row["subscribes"] = True
    if method.struct in UNSUBSCRIBING:
        row["undoes"] = method_name(str(UNSUBSCRIBING[method.struct].__struct_config__.tag))
    return row


def _answer(answer: QueryAnswer) -> dict[str, Any]:
    row: dict[str, Any] = {"type": answer.message.__name__}
    if answer.same is not None:
        row["same"] = list(answer.same)
    return row
