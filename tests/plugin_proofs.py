"""Records what the tests of reliability tried, how often, and what was lost.

With ``--proofs FOLDER`` each test that calls the fixture `proof` leaves its figures there, in one
file for each test, and in another with ``--edge``; `docs/draw_reliability.py` makes the table of
docs/reliability.md from them. The figures are written when the test has passed, so that the table
never shows a run that failed. With them go the day, and the commit that was checked out when the
run began.
"""

import datetime
import json
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

Proof = Callable[..., None]
"""``proof(tried, times=200, lost="nothing", note="")``; may be called several times in a test.

`lost` is what was measured where something was.
"""

_PASSED = pytest.StashKey[bool]()
_COMMIT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--proofs", type=Path, default=None, help="the folder in which to leave the figures"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("proofs") is not None:
        config.stash[_COMMIT] = _commit(config.rootpath)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test itself passed."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Iterator[Proof]:
    """Call it with what was tried, how often, and what was lost; see `Proof`."""
    rows: list[dict[str, object]] = []

    edged = request.config.getoption("edge", default=False)

    def record(tried: str, *, times: int, lost: str = "nothing", note: str = "") -> None:
        tried += ", with clients at an edge" if edged else ""
        rows.append({"tried": tried, "times": times, "lost": lost, "note": note})

    yield record
    folder = request.config.getoption("proofs")
    if folder is None or not request.node.stash.get(_PASSED, False):
        return
    folder.mkdir(parents=True, exist_ok=True)
    test = request.node.nodeid + (" --edge" if edged else "")
    name = "".join(c if c.isalnum() else "-" for c in test)
    content = {
        "test": test,
        "commit": request.config.stash[_COMMIT],
        "date": datetime.date.today().isoformat(),
        "rows": rows,
    }
    (folder / f"{name[-200:]}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def _commit(folder: Path) -> str:
    """The short name of the commit that is checked out there; "" where that is no git tree."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    try:
        ran = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return ran.stdout.strip()
