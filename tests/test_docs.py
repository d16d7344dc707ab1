"""The documents say what the code does: what can be compared is compared here."""

import importlib.util
import itertools
import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from xucd.app.handlers import CALLBACK_HANDLERS, HANDLERS
from xucd.center.agent import AgentState
from xucd.cti import messages
from xucd.cti.commands import COMMANDS
from xucd.cti.metrics import Metrics

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    """A script of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_picture_of_the_documents_is_made_by_the_script() -> None:
    shown = {
        picture
        for page in PAGES
        for picture in re.findall(r"!\[[^\]]*\]\((?:docs/)?([^)]+\.png)\)", page.read_text("utf-8"))
    }
    assert shown == script("make_screenshots").PICTURES.keys()
    assert shown == {file.name for file in DOCS.rglob("*.png")}


def test_the_table_of_reliability_names_tests_that_leave_their_figures() -> None:
    draw = script("draw_reliability")
    table = (DOCS / "reliability.md").read_text(encoding="utf-8").split(draw.BEGIN)[1]
    rows = draw.parsed(table.split(draw.END)[0])
    assert len(rows) > 5
    assert [row.test for row in rows if not draw.leaves_figures(row.test)] == []


def test_all_tests_that_leave_figures_are_run_by_soak() -> None:
    printed = subprocess.run(
        ["make", "--dry-run", "soak"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    run = {
        word
        for line in printed.splitlines()
        if "pytest" in line
        for word in re.findall(r"(?<!\S)(?:tests|integration)/[\w./-]+", line)
    }
    leave = {
        file.relative_to(PROJECT)
        for folder in ("tests", "integration")
        for file in (PROJECT / folder).rglob("test_*.py")
        if re.search(r"\bproof: Proof\b", file.read_text(encoding="utf-8"))
    }
    assert len(leave) > 10
    missing = {str(file) for file in leave if run.isdisjoint(map(str, (file, *file.parents)))}
    assert missing == set()


def test_a_run_replaces_the_rows_of_its_tests_alone_and_is_named(tmp_path: Path) -> None:
    draw = script("draw_reliability")
    one, other = (
        f"`tests/test_injection.py::test_no_argument_carries_another_action{version}`"
        for version in ("[16]", "[22]")
    )
    gone = "`tests/test_docs.py::test_all_tests_that_leave_figures_are_run_by_soak`"
    old = "".join(f"| {tried} | 7 | nothing | {test} |\n" for tried, test in (
        ("wires", one), ("apples", other), ("pears", gone)))  # fmt: skip
    (tmp_path / "one.json").write_text(
        json.dumps({
            "test": one.strip("`"), "commit": "1234567", "date": "2026-11-26",
            "rows": [{"tried": "wires", "times": 1000, "lost": "3 of 1,000", "note": "2 s"}],
        })
    )  # fmt: skip
    first = draw.drawn(
        f"a\n{draw.BEGIN}head\nline\n{old}{draw.END}b\n", draw.of_file(tmp_path / "one.json")
    )
    assert first.splitlines()[4:-2] == [
        f"| apples | 7 | nothing | {other} | – |",
        f"| wires | 1,000 | 3 of 1,000 (2 s) | {one} | `1234567`, 2026-11-26 |",
    ]
    assert (first[:2], first[-2:]) == ("a\n", "b\n")
    assert draw.drawn(first, []) == first


def test_the_agents_diagram_is_drawn_from_the_table_as_it_is_now() -> None:
    draw_agent = script("draw_agent")
    page = (DOCS / "agents.md").read_text(encoding="utf-8")
    assert draw_agent.diagram() in page, "run docs/draw_agent.py"
    assert draw_agent.table() in page, "run docs/draw_agent.py"
    assert all(state.value in page for state in AgentState)


def test_the_picture_of_the_rooms_is_drawn_from_the_imports_as_they_are_now() -> None:
    draw_imports = script("draw_imports")
    rooms = draw_imports.room_imports(draw_imports.module_imports())
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    picture = (DOCS / "rooms.svg").read_text(encoding="utf-8")
    assert draw_imports.table(rooms) in page, "run docs/draw_imports.py"
    assert draw_imports.picture(rooms) == picture, "run docs/draw_imports.py"


def test_no_rooms_and_no_modules_import_each_other_in_a_circle() -> None:
    draw_imports = script("draw_imports")
    modules = draw_imports.module_imports()
    draw_imports.check_no_circle(modules)
    draw_imports.check_no_circle(draw_imports.room_imports(modules))


def test_a_circle_of_imports_is_an_error_that_names_it_in_order() -> None:
    draw_imports = script("draw_imports")
    graph = {"views": {"cti"}, "cti": {"commands"}, "commands": {"views"}, "app": {"views"}}
    with pytest.raises(draw_imports.Circle) as caught:
        draw_imports.check_no_circle(graph)
    rooms = str(caught.value).split(" -> ")
    assert rooms[0] == rooms[-1]
    assert set(rooms) == {"views", "cti", "commands"}
    assert all(below in graph[above] for above, below in itertools.pairwise(rooms))


def test_the_table_of_commands_is_written_from_their_structs_as_they_are_now() -> None:
    assert script("draw_commands").table() in PROTOCOL, "run docs/draw_commands.py"


def test_every_command_that_is_not_carried_out_is_told_as_such() -> None:
    refused = {
        name
        for name, kind in COMMANDS.items()
        if kind not in HANDLERS and kind not in CALLBACK_HANDLERS
    }
    told = PROTOCOL.partition("not carried out yet")[2].partition("## 4.")[0]
    assert set(re.findall(r"`([a-z]\w+)`", told)) == refused


def test_every_message_that_is_told_exists() -> None:
    section = PROTOCOL.partition("## 4. Messages")[2].partition("## 5.")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section, re.M)
    told = {name for row in rows for name in re.findall(r"\w+", row)} - {"msgType"}
    assert told <= messages.MESSAGES.keys()
    assert "AgentStateEvent" in told


def test_every_metric_is_told() -> None:
    page = (DOCS / "operating.md").read_text(encoding="utf-8")
    for metric in Metrics().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert f"`{name}`" in page


def test_the_readme_names_everybody_in_the_demo() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    center = tomllib.loads((PROJECT / "integration/demo/center.toml").read_text(encoding="utf-8"))
    for person in center["agents"] + center["users"]:
        assert f"| `{person['login']}` | `{person['login']}-demo` |" in readme


def anchors(page: Path) -> set[str]:
    """What a link can lead to in a page: its headings, as forges spell them in an address."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    # Code may look like a link: [sales](+).
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\(([^)]+)", text):
        target, _, anchor = link.partition("#")
        if "://" not in link:
            found = page.parent / target if target else page
            assert found.exists(), f"{page.name} links to {link}"
            assert not anchor or anchor in anchors(found), f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_documents_name_exist(page: Path) -> None:
    rooms = "xucd|tests|integration|docs|bench|asterisk-conf"
    paths = re.findall(rf"`((?:{rooms})/[\w./*-]+)`", page.read_text(encoding="utf-8"))
    missing = [path for path in paths if "NAME" not in path and not list(PROJECT.glob(path))]
    assert missing == []
