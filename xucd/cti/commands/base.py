"""What all commands have in common: the base class, and the types of their arguments.

A command's class carries its wire name as its tag; fields have sane Python names and map to the
spellings of clients in the field (`agentid` here, `agentId` there). Clients are lenient and so are
the types: ids and penalties may be numbers or decimal strings, phone numbers strings or numbers,
and null for an optional argument is the same as none. An `agent_id` of None means the user's own
agent. The types are all that is checked here: whether an agent exists or may be commanded is for
the command's handler.

A command's docstring is its documentation: AsyncAPI, TypeScript and the Python client repeat it.
Its first line is a sentence in the imperative, understood alone; then comes what follows the
command, and the codes with which it may be refused. Every command that needs Asterisk may also be
refused with `AsteriskUnavailable` or `AsteriskTimeout`, and one that needs the database with
`StoreUnavailable`; these are not repeated everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from xucd.center.grammar import GRAMMARS
from xucd.cti.messages import Message, RequestId

# Not one control character anywhere: values end up in AMI actions and on other people's screens.
_LINE_OF_TEXT = GRAMMARS["echo"].pattern
_SOME_TEXT = r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*\Z"

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Penalty = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[int, Meta(ge=0, le=7 * 86400)]
Name = Annotated[str, Meta(max_length=80, pattern=_LINE_OF_TEXT)]
Text = Annotated[str, Meta(max_length=4000, pattern=_SOME_TEXT)]
Number = Annotated[str, Meta(pattern=GRAMMARS["extension"].pattern, extra={"number": True})]
"""A number to dial: dialable characters only."""
LineNumber = Annotated[str, Meta(max_length=40, pattern=_LINE_OF_TEXT, extra={"number": True})]
"""A number to look a line up by, never dialled: one that is not dialable is simply unknown."""
Variables = Annotated[
    dict[
        Annotated[str, Meta(pattern=r"\A[A-Za-z_][A-Za-z0-9_]{0,39}\Z")],
        Annotated[str, Meta(max_length=4096, pattern=_LINE_OF_TEXT)] | int | float | bool | None,
    ],
    Meta(max_length=50),
]
ObjectType = Literal["agent", "agentgroup", "queue", "queuemember", "basequeuemember"]


class Command(msgspec.Struct, tag_field="command", kw_only=True, rename="camel"):
    """A command. A `requestId` asks for a `CommandResult` that says what became of it."""

    request_id: RequestId | None = None


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """The message that answers a query.

    `same` is (key of the message, argument that it repeats), by which the answers of several
    queries under way are told apart.
    """

    message: type[Message]
    same: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class QueryAnswerBy:
    """An answer that depends on the value of an argument: `of` maps the value to the answer."""

    argument: str
    of: Mapping[str, QueryAnswer]
