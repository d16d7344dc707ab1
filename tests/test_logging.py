"""One way of logging: structlog, constant events, and the documented keys."""

import ast
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from xucd.store import Store, StoreError

PROJECT = Path(__file__).parent.parent
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
EXCEPTIONS = {"exc_info"}
"""Keys that structlog itself renders, as a traceback."""

# The client is a library for other programs, which structlog must not be a dependency of; the
# process routes the log entries of libraries to structlog.
STANDARD_LOGGING = {"xucd/client/center_client.py", "xucd/app/log_output.py"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((PROJECT / "xucd").rglob("*.py")):
        yield str(path.relative_to(PROJECT)), ast.parse(path.read_text(encoding="utf-8"))


def log_uses() -> Iterator[tuple[str, ast.Attribute, ast.Call | None]]:
    """Every `log.…` in xucd with its place, and the call if it is one."""
    for path, tree in sources():
        if path == "xucd/client/center_client.py":
            continue
        calls = {node.func: node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "log"
            ):
                yield f"{path}:{node.lineno}", node, calls.get(node)


def documented_keys() -> set[str]:
    page = (PROJECT / "docs/operating.md").read_text(encoding="utf-8")
    section = page.partition("## The log")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.M))


def test_xucd_logs_with_structlog_alone() -> None:
    importing = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(name.name == "logging" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "logging")
    }
    assert importing == STANDARD_LOGGING


def test_every_log_event_is_a_constant_text() -> None:
    for place, attribute, call in log_uses():
        assert call is not None, f"{place}: log.{attribute.attr} is not called where it is named"
        assert attribute.attr in LEVELS, place
        assert len(call.args) == 1, f"{place}: values belong into keys"
        assert isinstance(call.args[0], ast.Constant), f"{place}: the event is not a constant"
        event = call.args[0].value
        assert isinstance(event, str) and "%" not in event, place


def test_log_entries_have_the_documented_keys_and_no_others() -> None:
    used: set[str] = set()
    for place, _, call in log_uses():
        assert call is not None
        keys = {str(keyword.arg) for keyword in call.keywords} - EXCEPTIONS
        assert keys <= documented_keys(), f"{place}: {keys - documented_keys()} in operating.md?"
        used |= keys
    assert documented_keys() == used


def test_a_traceback_shows_no_values() -> None:
    script = (
        "import structlog\n"
        "from xucd.app import log_output\n"
        "log_output.set_up()\n"
        "def answer(caller):\n"
        "    raise RuntimeError('it has failed')\n"
        "try:\n"
        "    answer('0230' + '210082')\n"
        "except RuntimeError:\n"
        "    structlog.get_logger().exception('a rule has failed')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "it has failed" in said.stderr
    assert "0230210082" not in said.stderr


def test_nothing_that_a_stranger_sends_can_pass_for_an_entry_of_its_own() -> None:
    forged = "2026-11-26T21:27:26.498746Z [info     ] wrong login or password"
    script = (
        "import logging, structlog\n"
        "from xucd.app import log_output\n"
        "log_output.set_up()\n"
        f"for end in '\\n\\r\\x0b\\x0c\\x85\\u2028\\u2029':\n"
        f"    sent = 'x' + end + {forged!r}\n"
        "    structlog.get_logger().warning('refused', reason=sent)\n"
        "    logging.getLogger('library').warning('refused %s', sent)\n"
        "    try:\n"
        "        raise ValueError(sent)\n"
        "    except ValueError:\n"
        "        structlog.get_logger().exception('failed')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stderr.count(forged) >= 3 * 7
    assert [line for line in said.stderr.splitlines() if line.startswith(forged)] == []


def test_an_error_of_the_database_shows_no_values(store: Store) -> None:
    number = "0230" + "210082"  # the traceback shows this line, too
    with pytest.raises(StoreError) as raised, store.writing() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:number)"), {"number": number})
    assert number not in "".join(traceback.format_exception(raised.value))
