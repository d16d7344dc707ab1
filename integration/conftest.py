"""The ground of every integration test: Docker, the images, and an Asterisk of each version.

Whatever is missing here is a failure, never a skip. `--asterisk 22` runs against one version only.
"""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from docker.errors import APIError

from integration.edged import databases, nats
from integration.fixtures import make_xucd, phones, prepared, world
from integration.pbx import Pbx, PbxError
from integration.sites import sites, two_pbxs
from integration.witness import Witness

__all__ = ["databases", "make_xucd", "nats", "phones", "prepared", "sites", "two_pbxs", "world"]

BIN = Path(__file__).parent / "bin"
VERSIONS = ("22", "16")
MODEL_SEED = 1
LAST = 60  # lines of a log that a failure shows


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--asterisk",
        action="append",
        choices=VERSIONS,
        help="the Asterisk to test against; may be repeated; all by default",
    )
    parser.addoption(
        "--edge", action="store_true", help="the clients are at an edge, and not at the owner"
    )
    parser.addoption(
        "--mixed-calls", type=int, default=20, help="calls of the test of queues' figures"
    )
    parser.addoption(
        "--slips", type=int, help="how many calls, short ones too, queues without a template get"
    )
    parser.addoption(
        "--offers", type=int, default=20, help="how often queues of two PBXs want one agent at once"
    )
    parser.addoption(
        "--resume-kills", type=int, default=1, help="kills of xucd that pages resume over"
    )
    parser.addoption(
        "--long-faults", action="store_true", help="faults as often and as long as a soak wants"
    )
    parser.addoption("--model-steps", type=int, default=40, help="steps of the model's test")
    parser.addoption(
        "--model-seed",
        type=int,
        action="append",
        help="what its steps follow from; may be repeated",
    )
    parser.addoption(
        "--model-shrink", action="store_true", help="make a trace that fails shorter, by replays"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "asterisk_version" in metafunc.fixturenames:
        versions = metafunc.config.getoption("--asterisk") or VERSIONS
        metafunc.parametrize("asterisk_version", versions, scope="session")
    if "model_seed" in metafunc.fixturenames:
        seeds = metafunc.config.getoption("--model-seed") or [MODEL_SEED]
        metafunc.parametrize("model_seed", seeds)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what Asterisk has at that moment, and what each xucd logged last."""
    report = yield
    if not (report.failed and report.when == "call" and isinstance(item, pytest.Function)):
        return report
    pbx, folder = item.funcargs.get("pbx"), item.funcargs.get("tmp_path")
    if isinstance(pbx, Pbx):
        for command in ("core show channels verbose", "queue show"):
            report.sections.append((f"Asterisk: {command}", _said(pbx, command)))
    for log in sorted(folder.rglob("xucd.log")) if isinstance(folder, Path) else ():
        lines = log.read_text(errors="replace").splitlines()[-LAST:]
        report.sections.append((str(log), "\n".join(lines)))
    return report


def _said(pbx: Pbx, command: str) -> str:
    try:
        return pbx.cli(command)
    except (PbxError, APIError) as error:  # it may be just what was stopped
        return str(error)


@pytest.fixture(scope="session")
def docker() -> None:
    """A Docker daemon that answers."""
    subprocess.run([BIN / "ensure-docker"], check=True)


@pytest.fixture(scope="session")
def asterisk_image(docker: None, asterisk_version: str) -> str:
    """The version of an Asterisk whose image is there."""
    subprocess.run([BIN / "build-images", asterisk_version], check=True)
    return asterisk_version


@pytest.fixture(scope="session")
def pbx(asterisk_image: str) -> Iterator[Pbx]:
    """A booted Asterisk, one for all tests of its version."""
    # On a slow machine a test's callers arrive for longer than the demo's would wait.
    with Pbx(asterisk_image, queue_timeout=600) as pbx:
        yield pbx


@pytest.fixture
def witness(pbx: Pbx) -> Iterator[Witness]:
    """A second observer of that Asterisk, independent of xucd."""
    with Witness(pbx) as witness:
        yield witness


@pytest.fixture
def long_faults(request: pytest.FixtureRequest) -> bool:
    """Whether faults come as often, and last as long, as a soak wants it."""
    return bool(request.config.getoption("long_faults"))
