"""The classic browser library: its table of frames against the commands that xucd accepts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.web_server import serving
from xucd.cti import frames
from xucd.cti.commands import COMMANDS, Command

PROJECT = Path(__file__).parent.parent
SCRIPTS = ("cti.js", "callback.js", "membership.js", "shotgun.js")
ROWS: list[tuple[str, list[Any], dict[str, Any]]] = json.loads(
    (PROJECT / "tests/js/frames.json").read_text(encoding="utf-8")
)
"""A method, what it is called with, and what it sends: the Node tests see that it does."""

REFERENCE = (PROJECT / "tests/data/agent-api.txt").read_text(encoding="utf-8")
PROTOCOL = (PROJECT / "docs/protocol.md").read_text(encoding="utf-8")


def arguments() -> dict[str, set[str]]:
    """By command, the names of its arguments in protocol.md; one that may be left out ends in ?."""
    table = PROTOCOL.partition("## 3. Commands")[2].partition("| code |")[0]
    found: dict[str, set[str]] = {}
    last: set[str] = set()
    for command, cell in re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, re.M):
        if cell != "the same":
            # After a colon stands what an argument is made of, in brackets what it may be.
            bare = re.sub(r" \(.*?\)", "", cell.partition(":")[0])
            pieces = [part for part in bare.split(", ") if part.startswith("`")]
            last = {name for part in pieces for name in re.findall(r"`(\w+\??)", part)}
        found[command] = last
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}{json.dumps(row[1])}"[:60])
def test_every_frame_is_understood_by_xucd(row: tuple[str, list[Any], dict[str, Any]]) -> None:
    _, _, sent = row
    ask = frames.decode(json.dumps({"claz": "web", **sent}))
    assert isinstance(ask, Command)
    assert sent.keys() - {"command"} <= set(type(ask).__struct_encode_fields__)


def test_every_frame_has_the_arguments_that_the_protocol_names() -> None:
    told = arguments()
    for method, _, sent in ROWS:
        command = sent["command"]
        if command in told:
            names = sent.keys() - {"command"}
            required = {name for name in told[command] if not name.endswith("?")}
            # agent-api.txt lets pages leave out the agent id of each of these.
            assert required - {"agentid"} <= names, method
            assert names <= {name.rstrip("?") for name in told[command]}, method


def test_every_method_of_the_reference_is_in_the_table_and_sends_a_command() -> None:
    # A command that is xucd's own needs no method in the classic library.
    assert {sent["command"] for _, _, sent in ROWS} <= COMMANDS.keys()
    methods = set(re.findall(r"^((?:Cti|Callback)\.\w+)\(.*\)¶", REFERENCE, re.M))
    assert len(methods) == 17
    assert methods <= {method for method, _, _ in ROWS}


async def test_any_page_may_load_the_scripts() -> None:
    async with serving() as server:
        for script in SCRIPTS:
            status, headers, body = await server.http("GET", f"/assets/javascripts/{script}")
            assert status == 200
            assert headers["content-type"] == "text/javascript; charset=utf-8"
            assert headers["cross-origin-resource-policy"] == "cross-origin"
            name = {"cti.js": "Cti", "shotgun.js": "SHOTGUN"}.get(script, script[:-3].title())
            assert f"\nvar {name} = ".encode() in body
