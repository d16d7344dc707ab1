"""The figures of a run are left with its commit and day, and only by tests that pass."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT

TESTS = """
def test_passes(proof):
    proof("kills", times=3, lost="none of 70")

def test_fails(proof):
    proof("kills", times=4)
    assert False
"""


PYTEST = (sys.executable, "-m", "pytest", "-p", "tests.plugin_proofs", "--proofs", "figures")
Run = Callable[..., str]


def a_tree(folder: Path) -> tuple[Path, Run]:
    """A folder with these tests, and how to run something in it."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "GIT_CEILING_DIRECTORIES": str(folder),
    }
    tree = folder / "tree"
    tree.mkdir()

    def run(*command: str) -> str:
        ran = subprocess.run(
            command, cwd=tree, env=environ, capture_output=True, text=True, check=False
        )
        return ran.stdout.strip()

    (tree / "pytest.ini").write_text("[pytest]\n")
    (tree / "test_it.py").write_text(TESTS)
    return tree, run


@pytest.mark.parametrize("in_git", [True, False])
def test_a_test_that_passes_leaves_its_figures_with_commit_and_day(
    tmp_path: Path, in_git: bool
) -> None:
    tree, run = a_tree(tmp_path)
    if in_git:
        run("git", "init", "-q")
        as_somebody = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        run("git", *as_somebody, "commit", "-q", "--allow-empty", "-m", "First")
    run(*PYTEST)
    (file,) = (tree / "figures").iterdir()
    left = json.loads(file.read_text())
    assert left["test"] == "test_it.py::test_passes"
    assert left["rows"] == [{"tried": "kills", "times": 3, "lost": "none of 70", "note": ""}]
    assert datetime.date.today() - datetime.date.fromisoformat(left["date"]) <= datetime.timedelta(
        1
    )
    assert left["commit"] == (run("git", "rev-parse", "--short", "HEAD") if in_git else "")
    assert bool(left["commit"]) == in_git


def test_a_run_at_an_edge_leaves_its_figures_beside_those_of_the_other(tmp_path: Path) -> None:
    tree, run = a_tree(tmp_path)
    (tree / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--edge', action='store_true')\n"
    )
    run(*PYTEST)
    run(*PYTEST, "--edge")
    left = [json.loads(file.read_text()) for file in (tree / "figures").iterdir()]
    assert {each["test"]: each["rows"][0]["tried"] for each in left} == {
        "test_it.py::test_passes": "kills",
        "test_it.py::test_passes --edge": "kills, with clients at an edge",
    }
