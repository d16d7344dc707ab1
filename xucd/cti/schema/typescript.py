"""The structs of the protocol as TypeScript has them."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect as kinds

from xucd.center.agent import AgentState
from xucd.cti.commands import QueryAnswer, QueryAnswerBy
from xucd.cti.messages import MESSAGES, ArrayMessage, CallbackRequest, Message, Part
from xucd.cti.parts import PARTS
from xucd.cti.schema.commands import Method, doc, methods
from xucd.cti.schema.tables import STATISTICS, Names

_NAMES = {"Error": "ErrorMessage"}
"""Messages whose name has another meaning in TypeScript."""

_SIMPLE: dict[type[kinds.Type], str] = {
    kinds.AnyType: "unknown",
    kinds.NoneType: "null",
    kinds.BoolType: "boolean",
    kinds.IntType: "number",
    kinds.FloatType: "number",
    kinds.StrType: "string",
    kinds.UUIDType: "string",
    kinds.DateType: "string",
}


def type_of(kind: kinds.Type) -> str:
    """A type in TypeScript. Raises TypeError for a kind that the protocol does not use yet."""
    simple = _SIMPLE.get(type(kind))
    if simple is not None:
        return simple
    if isinstance(kind, kinds.Metadata):
        return type_of(kind.type)
    if isinstance(kind, kinds.EnumType):
        return kind.cls.__name__
    if isinstance(kind, kinds.LiteralType):
        return " | ".join(f'"{value}"' for value in kind.values)
    if isinstance(kind, kinds.UnionType):
        return " | ".join(dict.fromkeys(type_of(member) for member in kind.types))
    if isinstance(kind, kinds.ListType):
        item = type_of(kind.item_type)
        return f"({item})[]" if "|" in item else f"{item}[]"
    if isinstance(kind, kinds.DictType):
        return f"Record<string, {type_of(kind.value_type)}>"
    if isinstance(kind, kinds.StructType):
        return name_of(kind.cls)
    raise TypeError(f"no TypeScript for {kind}")


def name_of(cls: type[Any]) -> str:
    """A struct's name in TypeScript."""
    return _NAMES.get(cls.__name__, cls.__name__)


def types() -> str:
    """All lists of names, all messages and their parts, the map of messages, that of commands."""
    structs: dict[type[Any], None] = {}
    for cls in MESSAGES.values():
        _gather(kinds.type_info(cls), structs)
    for method in methods():
        for argument in method.arguments:
            _gather(kinds.type_info(argument.field.type), structs)
    named: dict[str, type[Any]] = {}
    for cls in structs:
        if named.setdefault(name_of(cls), cls) is not cls:
            raise TypeError(f"two structs are called {name_of(cls)}")
    return "\n".join(
        (
            "/** A part of the state that `watch` can keep current. */\n"
            f"export type Watchable ={_union(PARTS)};\n",
            _states(),
            *map(_names, STATISTICS),
            *(_declared(cls) for cls in structs),
            _interface("Messages", "Every message by its `msgType`.", _message_rows()),
            _interface("Commands", "Every command; see docs/protocol.md.", _method_rows()),
        )
    )


def _gather(kind: kinds.Type, structs: dict[type[Any], None]) -> None:
    """Add all structs within a type, each after those that it is made of."""
    if isinstance(kind, kinds.StructType):
        for field in kind.fields:
            _gather(field.type, structs)
        structs.setdefault(kind.cls)
        return
    inner: Iterable[kinds.Type] = ()
    if isinstance(kind, kinds.UnionType):
        inner = kind.types
    elif isinstance(kind, kinds.ListType):
        inner = (kind.item_type,)
    elif isinstance(kind, kinds.DictType):
        inner = (kind.value_type,)
    for part in inner:
        _gather(part, structs)


def _states() -> str:
    return (
        f"/** An agent's state. */\nexport type AgentState ={_union(AgentState)};\n\n"
        "/** The states that xucd sends. */\n"
        "export const AGENT_STATES: readonly AgentState[];\n"
    )


def _names(names: Names) -> str:
    rows = "".join(f'  readonly {key}: "{name}";\n' for key, name in names.rows.items())
    return (
        f"{_comment(names.text)}export type {names.type_name} ={_union(names.rows.values())};\n\n"
        f"/** Every `{names.type_name}`, by its name in the code. */\n"
        f"export const {names.table_name}: {{\n{rows}}};\n"
    )


def _union(values: Iterable[str]) -> str:
    return "".join(f'\n  | "{value}"' for value in values)


def _declared(cls: type[Any]) -> str:
    text = doc(cls)
    info = kinds.type_info(cls)
    assert isinstance(info, kinds.StructType)
    if issubclass(cls, ArrayMessage):
        return f"{_comment(text)}export type {name_of(cls)} = {type_of(info.fields[0].type)};\n"
    sent = issubclass(cls, Message | Part | CallbackRequest)
    rows = (
        f"{field.encode_name}{'?' if _left_out(field, sent) else ''}: {type_of(field.type)};"
        for field in info.fields
    )
    return _interface(name_of(cls), text, rows)


def _left_out(field: kinds.Field, sent: bool) -> bool:
    """Whether a field may be missing; xucd's own messages always carry a field's default."""
    given = (field.default, field.default_factory)
    return not field.required and (not sent or given == (msgspec.NODEFAULT, msgspec.NODEFAULT))


def _message_rows() -> Iterator[str]:
    return (f"{name}: {name_of(cls)};" for name, cls in MESSAGES.items())


def _method_rows() -> Iterator[str]:
    for method in methods():
        yield from _comment(method.text).splitlines()
        if isinstance(method.answer, QueryAnswerBy):
            for value, answer in method.answer.of.items():
                yield _signature(method, answer, {method.answer.argument: f'"{value}"'})
        else:
            yield _signature(method, method.answer, {})


def _signature(method: Method, answer: QueryAnswer | None, narrowed: dict[str, str]) -> str:
    result = name_of(answer.message) if answer is not None else "void"
    arguments = method.given
    given = "; ".join(
        f"{argument.name}{'' if argument.field.required else '?'}: "
        + narrowed.get(argument.name, type_of(kinds.type_info(argument.field.type)))
        for argument in arguments
    )
    optional = "" if any(argument.field.required for argument in arguments) else "?"
    values = f"values{optional}: {{ {given} }}" if given else ""
    return f"{method.name}({values}): Promise<{result}>;"


def _interface(name: str, text: str, rows: Iterable[str]) -> str:
    body = "".join(f"  {row}\n" for row in rows)
    return f"{_comment(text)}export interface {name} {{\n{body}}}\n"


def _comment(text: str) -> str:
    lines = text.splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "\n".join((f"/** {lines[0]}", *(f" * {line}".rstrip() for line in lines[1:]), " */\n"))
