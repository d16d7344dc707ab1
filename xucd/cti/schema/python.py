"""The commands as methods of the Python client."""

import re
from collections.abc import Iterator

from msgspec import inspect as kinds

from xucd.cti.commands import QueryAnswerBy
from xucd.cti.schema.commands import Argument, Method, methods

_METHODS = {"agentLogin": "log_in_agent", "agentLogout": "log_out_agent"}

_SIMPLE: dict[type[kinds.Type], str] = {
    kinds.NoneType: "None",
    kinds.BoolType: "bool",
    kinds.IntType: "int",
    kinds.FloatType: "float",
    kinds.StrType: "str",
    kinds.UUIDType: "str",
    kinds.DateType: "str",
}

_HEAD = '''\
# {made}
# fmt: off
# ruff: noqa: E501, PLR0913
"""Every command as a method; see docs/protocol.md. Each raises `Refused`."""

from typing import Literal, overload

from xucd.client.sender import CommandSender
from xucd.cti import commands as cmd
from xucd.cti import messages as msg


class Commands(CommandSender):
    """The commands. A missing agent id is the user's own agent; dates are ``YYYY-MM-DD``."""
'''


def client_methods(made: str) -> str:
    """The module of all methods; `made` says where it comes from."""
    return _HEAD.format(made=made) + "".join(
        f"{line}\n" for method in methods() for line in ("", *_method(method))
    )


def _method(method: Method) -> Iterator[str]:
    name = _METHODS.get(method.command) or _snake(method.name)
    given = method.given
    values = ", ".join(f'"{argument.wire}": {_snake(argument.name)}' for argument in given)
    values = f'"{method.command}", {{{values}}}'
    answer = method.answer
    if isinstance(answer, QueryAnswerBy):
        chosen = _snake(answer.argument)
        for value, case in answer.of.items():
            yield "    @overload"
            narrow = f'{chosen}: Literal["{value}"]'
            yield f"    async def {name}(self, *, {narrow}) -> msg.{case.message.__name__}: ..."
        yield f"    async def {name}(self, *, {chosen}: str) -> msg.Message:"
        yield from _docstring(method.text)
        yield "        answers: dict[str, type[msg.Message]] = {"
        for value, case in answer.of.items():
            yield f'            "{value}": msg.{case.message.__name__},'
        yield "        }"
        yield f"        return await self._query({values}, answers[{chosen}])"
        return
    result = "None" if answer is None else f"msg.{answer.message.__name__}"
    taken = ", ".join(("self", *(("*",) if given else ()), *map(_parameter, given)))
    yield f"    async def {name}({taken}) -> {result}:"
    yield from _docstring(method.text)
    if answer is None:
        yield f"        await self.ask({values})"
    else:
        same = "" if answer.same is None else f", {answer.same!r}".replace("'", '"')
        yield f"        return await self._query({values}, {result}{same})"


def _docstring(text: str) -> Iterator[str]:
    first, *rest = text.splitlines()
    if not rest:
        yield f'        """{first}"""'
        return
    yield f'        """{first}'
    for line in rest:
        yield f"        {line}".rstrip()
    yield '        """'


def _parameter(argument: Argument) -> str:
    kind = _type_of(kinds.type_info(argument.field.type))
    default = "" if argument.field.required else " = None"
    return f"{_snake(argument.name)}: {kind}{default}"


def _type_of(kind: kinds.Type) -> str:
    simple = _SIMPLE.get(type(kind))
    if simple is not None:
        return simple
    if isinstance(kind, kinds.Metadata):
        return _type_of(kind.type)
    if isinstance(kind, kinds.LiteralType):
        return f"Literal[{', '.join(f'{value!r}' for value in kind.values)}]".replace("'", '"')
    if isinstance(kind, kinds.UnionType):
        return " | ".join(dict.fromkeys(_type_of(member) for member in kind.types))
    if isinstance(kind, kinds.ListType):
        return f"list[{_type_of(kind.item_type)}]"
    if isinstance(kind, kinds.DictType):
        return f"dict[str, {_type_of(kind.value_type)}]"
    if isinstance(kind, kinds.StructType):
        return f"cmd.{kind.cls.__name__}"
    raise TypeError(f"no Python for {kind}")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
