"""The structs of the protocol as TypeScript has them."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect as kinds

from xucd.cti.messages import MESSAGES, ArrayMessage, CallbackRequest, Message, Part
from xucd.cti.schema.commands import Argument, Method, QueryAnswer, QueryAnswerBy, methods
from xucd.cti.schema.wording import SAYS

_NAMES = {"Error": "ErrorMessage"}
"""Messages whose name means something else to TypeScript."""

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
    """A type as TypeScript writes it. Raises TypeError for one that the protocol never used."""
    simple = _SIMPLE.get(type(kind))
    if simple is not None:
        return simple
    if isinstance(kind, kinds.Metadata):
        return type_of(kind.type)
    if isinstance(kind, kinds.LiteralType):
        return " | ".join(f'"{value}"' for value in kind.values)
    if isinstance(kind, kinds.UnionType):
        return " | ".join(dict.fromkeys(type_of(one) for one in kind.types))
    if isinstance(kind, kinds.ListType):
        item = type_of(kind.item_type)
        return f"({item})[]" if "|" in item else f"{item}[]"
    if isinstance(kind, kinds.DictType):
        return f"Record<string, {type_of(kind.value_type)}>"
    if isinstance(kind, kinds.StructType):
        return name_of(kind.cls)
    raise TypeError(f"no TypeScript for {kind}")


def name_of(cls: type[Any]) -> str:
    """What a struct is called there."""
    return _NAMES.get(cls.__name__, cls.__name__)


def types() -> str:
    """Every message and every part of one, the map of all messages, and that of all commands."""
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
            *(_declared(cls) for cls in structs),
            _interface("Messages", "Every message by its `msgType`.", _message_rows()),
            _interface("Commands", "Every command; see docs/protocol.md.", _method_rows()),
        )
    )


def _gather(kind: kinds.Type, structs: dict[type[Any], None]) -> None:
    """Note all structs within a type, each after those that it is made of."""
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
    for one in inner:
        _gather(one, structs)


def _declared(cls: type[Any]) -> str:
    says = (cls.__doc__ or "").strip()
    info = kinds.type_info(cls)
    assert isinstance(info, kinds.StructType)
    if issubclass(cls, ArrayMessage):
        return f"{_comment(says)}export type {name_of(cls)} = {type_of(info.fields[0].type)};\n"
    told = issubclass(cls, Message | Part | CallbackRequest)
    rows = (
        f"{field.encode_name}{'?' if _left_out(field, told) else ''}: {type_of(field.type)};"
        for field in info.fields
    )
    return _interface(name_of(cls), says, rows)


def _left_out(field: kinds.Field, told: bool) -> bool:
    """Whether a field may be missing: what xucd tells has its default, if any, in it."""
    given = (field.default, field.default_factory)
    return not field.required and (not told or given == (msgspec.NODEFAULT, msgspec.NODEFAULT))


def _message_rows() -> Iterator[str]:
    return (f"{name}: {name_of(cls)};" for name, cls in MESSAGES.items())


def _method_rows() -> Iterator[str]:
    for method in methods():
        yield f"/** {SAYS[method.command]} */"
        if isinstance(method.answer, QueryAnswerBy):
            for value, answer in method.answer.of.items():
                yield _signature(method, answer, {method.answer.argument: f'"{value}"'})
        else:
            yield _signature(method, method.answer, {})


def _signature(method: Method, answer: QueryAnswer | None, narrowed: dict[str, str]) -> str:
    result = name_of(answer.message) if answer is not None else "void"
    arguments = [argument for argument in method.arguments if not _ours(method, argument)]
    given = "; ".join(
        f"{argument.name}{'' if argument.field.required else '?'}: "
        + narrowed.get(argument.name, type_of(kinds.type_info(argument.field.type)))
        for argument in arguments
    )
    optional = "" if any(argument.field.required for argument in arguments) else "?"
    values = f"values{optional}: {{ {given} }}" if given else ""
    return f"{method.name}({values}): Promise<{result}>;"


def _ours(method: Method, argument: Argument) -> bool:
    """Whether the library itself gives an argument: the number by which an answer is told."""
    return isinstance(method.answer, QueryAnswer) and method.answer.same == ("id", argument.name)


def _interface(name: str, says: str, rows: Iterable[str]) -> str:
    body = "".join(f"  {row}\n" for row in rows)
    return f"{_comment(says)}export interface {name} {{\n{body}}}\n"


def _comment(says: str) -> str:
    lines = textwrap.dedent("    " + says).strip().splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "\n".join((f"/** {lines[0]}", *(f" * {line}".rstrip() for line in lines[1:]), " */\n"))
