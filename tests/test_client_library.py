"""The JavaScript library as a package, and the documents that are made from the message structs."""

import inspect
import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.web_server import serving
from xucd import __version__
from xucd.center.agent import AgentState
from xucd.client import CenterClient
from xucd.client.state import State
from xucd.cti import commands as cmd
from xucd.cti import frames
from xucd.cti import messages as msg
from xucd.cti.commands import COMMANDS
from xucd.cti.schema.__main__ import LIBRARY, generated
from xucd.cti.schema.asyncapi import document
from xucd.cti.schema.commands import doc, methods

REMOVED = msg.RemovedMembership(queue_name="support", queue_id=1, configured_penalty=3)
ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
SAMPLE = Path(__file__).parent / "data" / "library_sample.ts"
PACKED = {
    "README.md",
    "addresses.js",
    "commands.js",
    "errors.js",
    "events.js",
    "link.js",
    "package.json",
    "session.js",
    "state.js",
    "table.js",
    "watching.js",
    "xucd.d.ts",
    "xucd.js",
}


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=folder, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the package installed as npm installs it."""
    folder = tmp_path_factory.mktemp("project")
    (packed,) = json.loads(run(LIBRARY, "npm", "pack", "--json", "--pack-destination", folder))
    with tarfile.open(folder / packed["filename"]) as archive:
        archive.extractall(folder, filter="data")
    modules = folder / "node_modules"
    modules.mkdir()
    (folder / "package").rename(modules / "xucd")
    (modules / "ws").symlink_to(MODULES / "ws")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_what_is_generated_is_what_is_checked_in(path: Path) -> None:
    assert path.read_text() == generated()[path], "run make generate"


def test_the_package_holds_the_library_and_nothing_else() -> None:
    (packed,) = json.loads(run(LIBRARY, "npm", "pack", "--dry-run", "--json"))
    assert {file["path"] for file in packed["files"]} == PACKED
    assert (packed["name"], packed["version"]) == ("xucd", __version__)


def test_a_project_that_has_the_package_can_import_it(project: Path) -> None:
    said = run(
        project,
        "node",
        "--input-type=module",
        "--eval",
        'import * as xucd from "xucd"; console.log(Object.keys(xucd).join())',
    )
    assert said.strip() == "AGENT_STATES,AGENT_STATISTICS,QUEUE_STATISTICS,Refused,connect"


def test_the_types_let_good_programs_through_and_stop_wrong_ones(project: Path) -> None:
    (project / "sample.ts").write_text(SAMPLE.read_text())
    options = ("--strict", "--noEmit", "--module", "nodenext", "--target", "es2022")
    compiler = MODULES / "typescript" / "bin" / "tsc"
    run(project, "node", compiler, *options, "--lib", "es2023,dom", "sample.ts")


def test_the_documentation_of_a_command_is_the_docstring_of_its_struct() -> None:
    text = inspect.cleandoc(cmd.PauseAgent.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    whole = document("localhost", False)
    operation = whole["operations"]["pauseAgent"]
    assert (operation["summary"], operation["description"]) == (summary, rest)
    assert whole["components"]["schemas"]["pauseAgent"]["description"] == text
    assert inspect.cleandoc(CenterClient.pause_agent.__doc__ or "") == text
    comment = "\n".join(f"   * {line}".rstrip() for line in text.splitlines())
    assert comment.replace("   * ", "  /** ", 1) in (LIBRARY / "xucd.d.ts").read_text()


def test_every_summary_is_one_line_of_whole_sentences() -> None:
    texts = [method.text for method in methods()] + [doc(cls) for cls in msg.MESSAGES.values()]
    for text in texts:
        assert re.fullmatch(r"[A-Z].+\.", text.partition("\n\n")[0]), text


async def test_pages_get_the_library_from_xucd_itself() -> None:
    async with serving() as server:
        status, headers, content = await server.http("GET", "/lib/xucd.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert content == (LIBRARY / "xucd.js").read_bytes()


# --- AsyncAPI


@pytest.fixture(scope="module")
def asyncapi_schema() -> jsonschema.Draft7Validator:
    """What AsyncAPI itself says of documents."""
    schemas = MODULES / "@asyncapi" / "specs" / "schemas"
    return jsonschema.Draft7Validator(json.loads((schemas / "3.0.0-without-$id.json").read_text()))


async def test_the_document_of_the_websocket_is_served_and_is_valid_asyncapi(
    asyncapi_schema: jsonschema.Draft7Validator,
) -> None:
    async with serving() as server:
        status, served = await server.json("GET", "/xuc/api/2.0/asyncapi.json")
        assert served["servers"]["xucd"]["host"] == f"127.0.0.1:{server.port}"
    assert status == 200
    asyncapi_schema.validate(served)
    assert set(served["operations"]) == {"tell", "ping", *COMMANDS}
    told = {one["$ref"].rpartition("/")[2] for one in served["operations"]["tell"]["messages"]}
    assert told == set(msg.MESSAGES)
    del served["operations"]["agentLogin"]["action"]
    assert not asyncapi_schema.is_valid(served)


async def test_a_host_that_is_none_is_not_repeated() -> None:
    async with serving() as server:
        _, served = await server.json("GET", "/xuc/api/2.0/asyncapi.json", Host='x"><b>')
    assert served["servers"]["xucd"]["host"] == "localhost"


def fits(name: str, frame: Any) -> bool:
    """Whether a frame is what the document says of the message of this name."""
    root = {**document("localhost", False), "$ref": f"#/components/messages/{name}/payload"}
    return jsonschema.Draft7Validator(root).is_valid(frame)


def test_every_reference_in_the_document_leads_somewhere() -> None:
    whole = document("localhost", False)

    def follow(part: Any) -> None:
        if isinstance(part, list):
            for one in part:
                follow(one)
        elif isinstance(part, dict):
            for key, one in part.items():
                if key != "$ref":
                    follow(one)
                    continue
                found: Any = whole
                for step in one.removeprefix("#/").split("/"):
                    found = found[step]

    follow(whole)


@pytest.mark.parametrize(
    "body",
    [
        msg.LoggedOn(stream=msg.Stream(epoch="e", position=1), recovered=True),
        msg.AgentStateEvent(
            name=AgentState.READY, agent_id=8, phone_number="1001", since=0, queues=[]
        ),
        msg.QueueMemberList(items=[msg.QueueMember(agent_id=8, queue_id=1, penalty=-1)]),
        msg.CommandResult(request_id=7, ok=False, error="NotAuthorized"),
        msg.AgentConfig(
            id=8,
            number="1",
            context="x",
            member=[],
            removed=[REMOVED],
            first_name="B",
            last_name="W",
        ),
    ],
    ids=lambda body: type(body).__name__,
)
def test_messages_are_what_the_document_says(body: msg.Message) -> None:
    name, frame = type(body).__name__, json.loads(msg.encode(body))
    assert fits(name, frame)
    assert fits(name, {"position": 3, **frame})
    assert not fits(name, {**frame, "ctiMessage": 7})
    assert not fits("PhoneEvent", frame)


@pytest.mark.parametrize(
    ("frame", "good"),
    [
        ({"command": "agentLogin", "agentphonenumber": "1001", "requestId": 1}, True),
        ({"command": "agentLogin", "agentphonenumber": "10\x0701"}, False),
        ({"command": "agentLogin"}, False),
        ({"command": "setAgentQueue", "queueId": 1, "penalty": 0}, True),
        ({"command": "setAgentQueue", "queueId": 0, "penalty": 0}, False),
        ({"command": "dial", "destination": "+49*#", "variables": {"a": 1}}, True),
        ({"command": "dial", "destination": "1;2"}, False),
        ({"command": "takeCallback", "uuid": "b0849ac0-4f4a-4ed0-9386-53ab2afd94b1"}, True),
    ],
)
def test_the_document_and_the_edge_agree_on_commands(frame: dict[str, Any], good: bool) -> None:
    whole = {"claz": "web", **frame}
    assert fits(frame["command"], whole) is good
    try:
        frames.decode(json.dumps(whole))
        taken = True
    except frames.BadFrame:
        taken = False
    assert taken is good


def test_the_python_client_keeps_a_removal_apart_from_the_queues_of_an_agent() -> None:
    state = State()
    state.apply(msg.QueueMember(agent_id=8, queue_id=1, penalty=-1, configured_penalty=3))
    config = msg.AgentConfig(
        id=8, number="1", context="x", member=[], removed=[REMOVED], first_name="B", last_name="W"
    )
    state.apply(config)
    assert (state.agents[8].queues, state.agents[8].configured) == ({}, {1: 3})
    state.apply(msg.QueueMember(agent_id=8, queue_id=1, penalty=3))
    assert (state.agents[8].queues, state.agents[8].configured) == ({1: 3}, {})
