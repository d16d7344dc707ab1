"""Whether what clients are told is of the kinds that the messages declare."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import inspect as kinds

from xucd.center.grammar import GRAMMARS
from xucd.cti.messages import MESSAGES

Check = Callable[[Any], Iterator[str]]
"""What of a value does not fit, as its path and the value."""


def unfit(message: str, body: Any) -> list[str]:
    """What a message's body holds that its kind does not."""
    return list(_check_of(message)(body)) if message in MESSAGES else []


@functools.cache
def _check_of(message: str) -> Check:
    info = kinds.type_info(MESSAGES[message])
    assert isinstance(info, kinds.StructType)
    if info.array_like or [field.name for field in info.fields] == ["items"]:
        return _made(info.fields[0].type, message)
    return _made(info, message)


def _made(kind: kinds.Type, path: str, grammar: str = "") -> Check:
    if isinstance(kind, kinds.Metadata):
        return _made(kind.type, path, (kind.extra or {}).get("grammar", grammar))
    if isinstance(kind, kinds.UnionType):
        checks = [_made(each, path, grammar) for each in kind.types]
        return lambda value: (each for check in checks for each in check(value))
    if isinstance(kind, kinds.StrType):
        fits = re.compile(GRAMMARS[grammar].pattern).fullmatch
        return lambda value: iter(
            [f"{path} is no {grammar}: {value!r}"]
            if isinstance(value, str) and not fits(value)
            else ()
        )
    if isinstance(kind, kinds.ListType):
        item = _made(kind.item_type, f"{path}[]")
        return lambda value: (
            each for part in (value if isinstance(value, list) else ()) for each in item(part)
        )
    if isinstance(kind, kinds.DictType):
        key, held = _made(kind.key_type, f"{path} (key)"), _made(kind.value_type, f"{path}{{}}")
        return lambda value: (
            each
            for name, part in (value.items() if isinstance(value, dict) else ())
            for each in (*key(name), *held(part))
        )
    if isinstance(kind, kinds.StructType):
        return _struct(
            {f.encode_name: _made(f.type, f"{path}.{f.encode_name}") for f in kind.fields}
        )
    return lambda _: iter(())


def _struct(fields: Mapping[str, Check]) -> Check:
    return lambda value: (
        each
        for name, check in fields.items()
        if isinstance(value, dict) and name in value
        for each in check(value[name])
    )
