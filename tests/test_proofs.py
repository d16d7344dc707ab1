"""The figures of a run are left with its commit and day, and only by tests that pass."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
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


@pytest.mark.parametrize("in_git", [True, False])
def test_a_test_that_passes_leaves_its_figures_with_commit_and_day(
    tmp_path: Path, in_git: bool
) -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
    }
    tree = tmp_path / "tree"
    tree.mkdir()

    def run(*command: str) -> str:
        ran = subprocess.run(
            command, cwd=tree, env=environ, capture_output=True, text=True, check=False
        )
        return ran.stdout.strip()

    (tree / "pytest.ini").write_text("[pytest]\n")
    (tree / "test_it.py").write_text(TESTS)
    if in_git:
        run("git", "init", "-q")
        as_somebody = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        run("git", *as_somebody, "commit", "-q", "--allow-empty", "-m", "First")
    run(sys.executable, "-m", "pytest", "-p", "tests.plugin_proofs", "--proofs", "figures")
    (file,) = (tree / "figures").iterdir()
    left = json.loads(file.read_text())
    assert left["test"] == "test_it.py::test_passes"
    assert left["rows"] == [{"tried": "kills", "times": 3, "lost": "none of 70", "note": ""}]
    assert datetime.date.today() - datetime.date.fromisoformat(left["date"]) <= datetime.timedelta(
        1
    )
    assert left["commit"] == (run("git", "rev-parse", "--short", "HEAD") if in_git else "")
    assert bool(left["commit"]) == in_git
