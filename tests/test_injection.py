"""Commands whose arguments hold what would be another action, step or field further on.

Each text in each command's arguments is replaced by each of these. What gets through has to be free
of line ends and other control characters; a comment on a callback, which no action carries, may
have lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from tests import rights_table as table
from tests.plugin_proofs import Proof
from xucd.cti import frames
from xucd.cti.commands import COMMANDS

UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
MORE: dict[str, dict[str, Any]] = {
    "dial": {"destination": "3000", "variables": {"SHEET": "a"}},
    "dialFromQueue": {
        "destination": "3000", "queueId": 1, "callerIdName": "Ann", "callerIdNumber": "100",
        "variables": {"SHEET": "a"},
    },
    "hangup": {"uniqueId": "1.5"},
    "answer": {"uniqueId": "1.5"},
    "directTransfer": {"destination": "3000", "uniqueId": "1.5"},
    "pauseAgent": {"reason": "lunch"},
    "updateCallbackTicket": {
        "uuid": UUID, "status": "NoAnswer", "comment": "a", "dueDate": "2031-01-01",
        "periodUuid": UUID,
    },
    "findCallbackRequest": {
        "id": "1",
        "request": {"filters": [{"field": "lastName", "operator": "=", "value": "a"}]},
    },
}  # fmt: skip
"""Arguments with every text that a command can have, where the table of rights has fewer."""

INJECTED = (
    "1\r\nAction: Originate\r\nChannel: Local/1@default\r\n",
    "1\nAction: Command\nCommand: core stop now\n",
    "1\r\n\r\nAction: Logoff\r\n\r\n",
    "1\x00Action: Logoff",
    "1\u2028Action: Logoff",
    "1\x85Action: Logoff",
    "\r\nVariable: SHELL=1",
    "1\tX",
    "\x1b[31m1",
    "1\x7f",
)
COMMENT = "comment"
"""The argument that may have lines; no control character otherwise."""


def test_no_argument_carries_another_action(proof: Proof) -> None:
    tried = refused = 0
    for name in COMMANDS:
        for arguments in _examples(name):
            for spot, hostile in _hostile(arguments):
                tried += 1
                frame = json.dumps({"claz": "web", "command": name, **hostile})
                try:
                    command = frames.decode(frame)
                except frames.BadFrame as bad:
                    assert bad.code == "InvalidArgument"
                    assert "Action" not in bad.text
                    refused += 1
                    continue
                for key, text in _texts(msgspec.to_builtins(command)):
                    allowed = r"[\n\r\t\u2028]" if key == COMMENT else "(?!)"
                    left = re.sub(allowed, "", text)
                    assert left.isprintable(), (name, spot, text)
    assert refused > tried / 2
    proof("commands with another action, or a control character, in an argument", times=tried)


def _examples(name: str) -> Iterator[dict[str, Any]]:
    """Valid arguments of a command."""
    if name in MORE:
        yield MORE[name]
    for case in table.COMMANDS[name]:
        filled: dict[str, Any] = json.loads(
            re.sub(
                r'"(user of|request|ticket|message) \w+"', f'"{UUID}"', json.dumps(case.arguments)
            )
        )
        yield filled


def _hostile(value: Any, spot: str = "") -> Iterator[tuple[str, Any]]:
    """The same arguments, each time with one text replaced, or one key."""
    if isinstance(value, str):
        for text in INJECTED:
            yield spot, text
            yield spot, value + text
    for key, item in _items(value):
        for where, hostile in _hostile(item, f"{spot}.{key}"):
            changed = value.copy()
            changed[key] = hostile
            yield where, changed
    if spot.endswith(".variables"):
        for text in INJECTED:
            yield f"{spot} key", {**value, text: "a"}


def _items(value: Any) -> list[tuple[Any, Any]]:
    """The items of a list or an object, by index or key."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    for name, item in _items(value):
        if isinstance(name, str):
            yield "key", name
        yield from _texts(item, name if isinstance(name, str) else key)
