"""Validation of what an operator wrote, with errors in plain words.

The settings and the contact centre's file are converted into structs here. An error of msgspec
becomes a sentence that somebody who knows no Python can act on.
"""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from xucd.center import grammar

T = TypeVar("T")
Path = tuple[str | int, ...]

# The patterns that values have to match. PATTERN_HELP says what each of them asks for.
NAME = r"\A[A-Za-z0-9_-]+\Z"
CONTEXT = r"\A[A-Za-z0-9_.@+-]+\Z"
NUMBER = r"\A[0-9*#+]+\Z"
EXTENSION = r"\A(?:[0-9*#+]+|[0-9A-Za-z][0-9A-Za-z_*#+.-]+)\Z"
# As app_queue takes it, but for what parts arguments, fields and sections of files.
QUEUE_NAME = rf"\A(?! )[^{grammar.CONTROL}{grammar.UNSEEN}<>\[\]{{}}$,|;\"\\]+(?<! )\Z"
INTERFACE = grammar.GRAMMARS["interface"].pattern
LOGIN = r"\A[A-Za-z0-9._@+-]+\Z"
WORD = r"\A[\w-]+\Z"
COLOUR = r"\A#[0-9A-Fa-f]{6}\Z"
COUNTRY_CODE = r"\A[0-9]{0,3}\Z"
ORIGIN = r"\Ahttps?://[A-Za-z0-9.:\[\]-]+\Z"
PROVIDER = r"\Ahttps?://[!-~]+\Z"
LDAP_URL = r"\Aldaps?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/?\Z"
SCOPE = r"\A[!#-\[\]-~]+\Z"
ATTRIBUTE = r"\A[A-Za-z0-9.;-]+\Z"
CLUSTER_WORD = r"\A[a-z0-9][a-z0-9-]{0,31}\Z"
NATS_URL = r"\A(?:nats|tls)://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z"
NKEY_SEED = r"\ASU[A-Z2-7]{56}\Z"
CONTACT = r"\A(mailto:|https://|tel:)[!-~]+\Z"
# Names and texts reach Asterisk as part of a caller id or of an application's argument.
SPOKEN_NAME = rf"\A[^{grammar.CONTROL}{grammar.UNSEEN}<>,{{}}]*\Z"
LONG_NAME = grammar.GRAMMARS["name"].pattern
TEXT = rf"\A[^{grammar.CONTROL}]*\Z"
FILE = r"\A/[^\x00-\x1f]+\Z"
PATTERN_HELP = {
    NAME: "may hold only the letters A to Z, digits, - and _",
    CONTEXT: "may hold only the letters A to Z, digits and . _ @ + -",
    NUMBER: "may hold only digits, *, # and +",
    EXTENSION: "may hold only digits, *, # and +, or at least two of these, the letters A to Z and"
    " _ . -, beginning with a letter or a digit",
    QUEUE_NAME: 'may hold no comma, none of | ; $ " \\ < > [ ] { }, no line break and no other'
    " control character, and neither begin nor end with a blank",
    INTERFACE: "has to look like PJSIP/1001 or Local/1001@from-queue/n",
    LOGIN: "may hold only the letters A to Z, digits and . _ @ + -",
    WORD: "may hold only letters, digits, - and _",
    COLOUR: "has to look like #F2833A",
    COUNTRY_CODE: "has to be the digits of a country code, such as 49",
    ORIGIN: "has to look like https://crm.example.org, with nothing after the host and port",
    PROVIDER: "has to look like https://login.example.org/realms/main",
    LDAP_URL: "has to look like ldaps://ldap.example.org, or ldap:// with starttls",
    SCOPE: "has to be one word",
    ATTRIBUTE: "has to be the name of an LDAP attribute, such as uid",
    CLUSTER_WORD: "may hold only the letters a to z, digits and -, at most 32 of them, and may not"
    " begin with -",
    NATS_URL: "has to look like tls://nats.example.org:4222, or nats:// on this machine, without a"
    " user or a password",
    NKEY_SEED: "has to be the seed of a user, which begins with SU and has 58 characters, as"
    " nk -gen user prints it",
    CONTACT: "has to begin with mailto:, https:// or tel:, as in mailto:security@example.org",
    SPOKEN_NAME: "may hold no comma, no brace, no < or >, no line break and no other control "
    "character",
    LONG_NAME: "may hold no < or >, no line break and no other control character",
    FILE: "has to be a whole path, such as /var/log/asterisk/queue_log",
    TEXT: "may hold no line break and no other control character",
}
KIND_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "time": "a time of day",
    "null": "nothing",
}


class ConfigValueError(Exception):
    """A value that cannot be accepted. `path` leads to it, `problem` says why, to a person."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(dotted(path), problem)
        self.path = path
        self.problem = problem


def read_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises ValueError that says what is wrong with it."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None
    except ValueError as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            raise
        raise ValueError("a number in it is too long") from error  # Python converts no such


def convert(value: object, kind: type[T], path: Path = (), *, strict: bool = True) -> T:
    """Convert `value`, found at `path`, to `kind`; with `strict` off, text stands for numbers too.

    Raises `ConfigValueError` with the path of the first part that does not fit. Where only some
    values are allowed, or some keys, the problem names them.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        inner, problem = _explained(str(error), kind)
        raise ConfigValueError(path + inner, problem) from error


def dotted(path: Path) -> str:
    """Write a path as people do: ``agents[2].line``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _explained(message: str, kind: Any) -> tuple[Path, str]:
    """Split msgspec's message into the path that it names and a problem in plain words."""
    said, _, where = message.partition(" - at ")
    path: list[str | int] = []
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", where):
        path.append(name or int(index))
    if match := re.search(r"unknown field `(.*)`", said):
        return (*path, match[1]), f"there is no such key{meant(match[1], _keys(kind, path))}"
    if match := re.search(r"Invalid enum value (.*)", said):
        allowed = [quoted(value) for value in _choices(kind, path)]
        return tuple(path), f"expected {either(allowed)}, got {match[1].replace(chr(39), chr(34))}"
    if match := re.search(r"missing required field `(.*)`", said):
        return tuple(path), f"{match[1]} is missing"
    if match := re.search(r"matching regex (['\"].*['\"])", said):
        for pattern, help_text in PATTERN_HELP.items():
            if repr(pattern) == match[1]:
                return tuple(path), help_text
    if match := re.match(r"Expected (`.*?`)( .*)?, got (`.*`)", said):
        return tuple(path), f"expected {_kinds(match[1])}{match[2] or ''}, got {_kinds(match[3])}"
    problem = re.sub(r"`(\w+)`", lambda found: _kinds(found[0]), said)
    return tuple(path), problem[:1].lower() + problem[1:]


def _types_at(kind: Any, path: list[str | int]) -> list[inspect.Type]:
    """What the value at a path of `kind` may be."""
    found = _alternatives(inspect.type_info(kind))
    for part in path:
        found = [
            each
            for whole in found
            for inner in _inside(whole, part)
            for each in _alternatives(inner)
        ]
    return found


def _alternatives(kind: inspect.Type) -> list[inspect.Type]:
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


def _inside(whole: inspect.Type, part: str | int) -> Iterator[inspect.Type]:
    if isinstance(whole, inspect.StructType):
        yield from (field.type for field in whole.fields if field.encode_name == part)
    elif isinstance(whole, inspect.ListType | inspect.VarTupleType) and isinstance(part, int):
        yield whole.item_type


def _keys(kind: Any, path: list[str | int]) -> list[str]:
    """The keys of the table at a path of `kind`."""
    return [
        field.encode_name
        for found in _types_at(kind, path)
        if isinstance(found, inspect.StructType)
        for field in found.fields
    ]


def _choices(kind: Any, path: list[str | int]) -> list[object]:
    """The values that are allowed at a path of `kind`."""
    return [
        value
        for found in _types_at(kind, path)
        if isinstance(found, inspect.LiteralType)
        for value in found.values
    ]


def meant(name: str, keys: Collection[str]) -> str:
    """What may have been meant by a key that there is not, or else all the keys that there are."""
    return suggestion(name, keys) or (f"; the keys are {', '.join(keys)}" if keys else "")


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean sales?``, or nothing: one number is never meant for another."""
    if name.isdecimal():
        return ""
    # Letter case alone is no difference to a person.
    found = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), found, 1, 0.7)
    return f"; did you mean {found[close[0]]}?" if close else ""


def either(values: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return " or ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))


def _kinds(names: str) -> str:
    kinds = [KIND_NAMES.get(name, name) for name in names.strip("`").split(" | ") if name != "null"]
    return " or ".join(kinds) or KIND_NAMES["null"]


def quoted(value: Any) -> str:
    """Show a value that a person wrote, as it would stand in the file, cut to a line."""
    text = msgspec.json.encode(value).decode() if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
