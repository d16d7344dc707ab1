"""Tries the tests of the centre: mutmut changes one thing at a time, which has to be noticed.

    python -m tests.mutants                  all of xucd/center
    python -m tests.mutants agent rules      modules, or packages, of it
    python -m tests.mutants --show NAME      what a mutant changes
    python -m tests.mutants --report         the score of what has been run

mypy goes first: what it refuses needs no test. Then the tests that need nothing but the centre run,
which takes seconds. What mutmut makes, and what it has found, is kept in `.mutants`. It changes the
bodies of functions, but no tables, no defaults of fields and no decorated functions, such as
properties.
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / ".mutants"
CENTER = Path("xucd/center")

TESTS = (
    "agent_rules",
    "callback_rules",
    "center",
    "channels",
    "day",
    "lines",
    "listening",
    "live",
    "members",
    "phone_calls",
    "placeholders",
    "queue_stats",
    "rebuild",
    "recording",
    "rights",
    "sheet_rules",
    "trace_states",
    "voice_message_rules",
    "waiting",
    "wrapups",
)
"""The files `tests/test_….py` that run: those of rules, which open no socket and no database."""

# Not the project's own options: its plugin gives all tests one loop, which forks must not share.
# A test that lists a class's methods finds the mutants of each.
SETTINGS = f"""\
[tool.pytest.ini_options]
asyncio_mode = "auto"
addopts = [
    "-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:cacheprovider",
    "--deselect", "tests/test_live.py::test_the_writers_of_an_agent_are_these",
]

[tool.mypy]
strict = true
warn_unused_ignores = false
packages = ["xucd.center"]
# All mutants of a method stand in one class, one after the other.
disable_error_code = ["has-type", "no-any-return", "no-redef", "var-annotated"]

[tool.mutmut]
source_paths = ["xucd"]
only_mutate = ["{CENTER}/*"]
also_copy = ["xucd"]
pytest_add_cli_args_test_selection = {json.dumps([f"tests/test_{name}.py" for name in TESTS])}
# A mutant that never ends costs a minute otherwise.
timeout_multiplier = 10
type_check_command = {json.dumps([sys.executable, "-m", "mypy", "--output", "json"])}
"""

BY_TYPES = "caught by type check"
BY_TESTS = ("killed", "timeout", "segfault")


def main() -> int:
    """Carry out the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help="modules or packages of xucd/center")
    parser.add_argument("--show", metavar="NAME", help="show what a mutant changes")
    parser.add_argument("--report", action="store_true", help="show the score, run nothing")
    arguments = parser.parse_args()
    patterns = [pattern for name in arguments.only for pattern in _patterns(name)]
    if arguments.show:
        return _mutmut("show", arguments.show).returncode
    if not arguments.report:
        _prepare()
        code = _mutmut("run", *(patterns or [f"{_dotted(CENTER)}.*"])).returncode
        if code:
            return code
    _report()
    return 0


def _patterns(name: str) -> list[str]:
    """The names of mutants in the modules and packages of this name."""
    paths = [*(PROJECT / CENTER).rglob(f"{name}.py"), *(PROJECT / CENTER).rglob(f"{name}/")]
    if not paths:
        sys.exit(f"no module {name!r} in {CENTER}")
    return [f"{_dotted(path.relative_to(PROJECT).with_suffix(''))}.*" for path in paths]


def _dotted(path: Path) -> str:
    return ".".join(path.parts)


def _prepare() -> None:
    """A folder that looks like the checkout, with settings of its own."""
    FOLDER.mkdir(exist_ok=True)
    for name in ("xucd", "tests"):
        link = FOLDER / name
        if not link.is_symlink():
            link.symlink_to(PROJECT / name)
    (FOLDER / "pyproject.toml").write_text(SETTINGS)
    # Which test runs which function is found anew each time: either may have changed.
    (FOLDER / "mutants/mutmut-stats.json").unlink(missing_ok=True)
    shutil.rmtree(FOLDER / "mutants/tests", ignore_errors=True)


def _mutmut(*arguments: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    # A path to the checkout would have its own modules tested instead of the mutants.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=FOLDER,
        env=environment,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
        check=False,
    )


def _report() -> None:
    """Print every mutant that nothing has noticed, then what tests notice of the rest.

    The score is of the mutants that the types let through.
    """
    modules: dict[str, Counter[str]] = {}
    for line in _mutmut("results", "--all", "true", quiet=True).stdout.splitlines():
        name, _, status = line.strip().partition(": ")
        if status == "not checked":
            continue
        modules.setdefault(name.rpartition(".")[0], Counter())[status] += 1
        if status not in {*BY_TESTS, BY_TYPES}:
            print(f"{name}: {status}")
    print(f"\n{'':32} mutants  by types  by tests  survived  untested  score")
    whole: Counter[str] = Counter()
    for module, counts in sorted(modules.items()):
        print(_row(module, counts))
        whole += counts
    print(_row(f"all, {datetime.date.today()}", whole))


def _row(title: str, counts: Counter[str]) -> str:
    by_types, by_tests = counts[BY_TYPES], sum(counts[status] for status in BY_TESTS)
    score = 100 * by_tests / max(counts.total() - by_types, 1)
    return (
        f"{title:32} {counts.total():7}  {by_types:8}  {by_tests:8}"
        f"  {counts['survived']:8}  {counts['no tests']:8}  {score:4.1f} %"
    )


if __name__ == "__main__":
    sys.exit(main())
