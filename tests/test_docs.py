"""The documents say what the code does: what can be compared is compared here."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from xucd.app.handlers import CALLBACK_HANDLERS, HANDLERS
from xucd.center.agent import AgentState
from xucd.cti import messages
from xucd.cti.commands import COMMANDS
from xucd.cti.metrics import Metrics

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")


def test_the_agents_diagram_is_drawn_from_the_table_as_it_is_now() -> None:
    spec = importlib.util.spec_from_file_location("draw_agent", DOCS / "draw_agent.py")
    assert spec is not None and spec.loader is not None
    draw_agent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw_agent)
    page = (DOCS / "agents.md").read_text(encoding="utf-8")
    assert draw_agent.diagram() in page, "run docs/draw_agent.py"
    assert draw_agent.table() in page, "run docs/draw_agent.py"
    assert all(state.value in page for state in AgentState)


def test_every_command_is_told_as_carried_out_or_as_not_yet_so() -> None:
    done = {
        name for name, kind in COMMANDS.items() if kind in HANDLERS or kind in CALLBACK_HANDLERS
    }
    rows, _, rest = PROTOCOL.partition("## 3. Commands")[2].partition("not carried out yet")
    assert set(re.findall(r"^\| `(\w+)` \|", rows.partition("| code |")[0], re.M)) == done
    assert set(re.findall(r"`([a-z]\w+)`", rest.partition("## 4.")[0])) == COMMANDS.keys() - done


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
