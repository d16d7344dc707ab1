"""How the log is written: to a terminal or file with the time, to the journal with priorities."""

import os
import re
import subprocess
import sys
from pathlib import Path

from xucd.app.journal_lines import leads_to_journal

SCRIPT = """
import logging, warnings
import structlog
from twisted.logger import Logger
from xucd.app import log_output
log_output.set_up()
log = structlog.get_logger()
log.info("it began")
log.warning("it was slow", seconds=3)
logging.getLogger("library").error("it broke")
warnings.warn("it is old", DeprecationWarning)
Logger(namespace="twisted.web").info("it said much")
try:
    raise RuntimeError("first line\\nsecond line")
except RuntimeError:
    log.exception("a rule has failed")
    Logger(namespace="twisted.web").failure("a request has failed")
1 / 0
"""


def _said(tmp_path: Path, *, journal: bool, script: str = SCRIPT) -> list[str]:
    """What a process writes to a file, which may pass for the journal's stream."""
    out = tmp_path / "out"
    with out.open("wb") as stream:
        status = os.fstat(stream.fileno())
        environ = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
        if journal:
            environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        subprocess.run([sys.executable, "-c", script], stderr=stream, env=environ, check=False)
    return out.read_text(encoding="utf-8").splitlines()


def _entries(lines: list[str], begins: str) -> list[str]:
    """The priority, if any, and event of each entry, without what follows it."""
    pattern = rf"^(<\d>)?{begins}\[\w+ *\] (.*?)(?:  .*)?$"
    return [
        f"{found[1] or ''}{found[2].strip()}"
        for line in lines
        if (found := re.match(pattern, line))
    ]


def test_the_journal_gets_a_priority_with_each_line_and_no_time(tmp_path: Path) -> None:
    lines = _said(tmp_path, journal=True)
    assert [line for line in lines if not re.match(r"<[2-6]>", line)] == []
    assert _entries(lines, "")[:3] == ["<6>it began", "<4>it was slow", "<3>it broke"]
    assert _entries(lines, "")[4:] == [
        "<3>a rule has failed",
        "<2>a request has failed",
        "<2>xucd ends by a fault of its own",
    ]
    assert "<3>    RuntimeError: first line" in lines  # each line of a traceback is an entry there
    assert re.search(r"\d{4}-\d\d-\d\d", "\n".join(lines)) is None
    assert any("<4>" in line and "it is old" in line for line in lines)
    assert not any("it said much" in line for line in lines)


def test_elsewhere_each_entry_has_its_time_and_no_priority(tmp_path: Path) -> None:
    lines = _said(tmp_path, journal=False)
    assert _entries(lines, r"\d{4}-\d\d-\d\dT[\d:.]+Z ")[:3] == [
        "it began",
        "it was slow",
        "it broke",
    ]
    assert not any(line.startswith("<") for line in lines)


def test_a_mistake_at_the_start_is_an_error_in_the_journal(tmp_path: Path) -> None:
    script = "from xucd.cli import main; main(['-c', '/none.toml', 'run'])"
    assert _said(tmp_path, journal=True, script=script) == [
        "<3>xucd: /none.toml: cannot be read: No such file or directory"
    ]


def test_a_stream_beside_the_journal_is_none_of_it(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream:
        assert not leads_to_journal(stream, {})
        assert not leads_to_journal(stream, {"JOURNAL_STREAM": "8:1"})
    assert not leads_to_journal(stream, {})  # it is closed
