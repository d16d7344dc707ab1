"""What xucd is built from: locked with hashes, and listed in the bill that the package carries."""

import configparser
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xucd

PROJECT = Path(__file__).parent.parent
RUNTIME, TEST = PROJECT / "locks/runtime.txt", PROJECT / "locks/test.txt"
BILL = PROJECT / "xucd/sbom.cdx.json"


def _locked(file: Path) -> dict[str, set[str]]:
    """The versions of each locked library, of which there may be one for each Python or system.

    Each has hashes.
    """
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\S)", file.read_text().strip()):
        named = re.match(r"([\w.-]+)==([^\s;\\]+)", entry)
        assert named is not None and "--hash=sha256:" in entry, entry
        found.setdefault(canonicalize_name(named[1]), set()).add(named[2])
    return found


def _wanted(*sections: tuple[str, str]) -> list[Requirement]:
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    return [
        Requirement(line) for of in sections for line in setup[of[0]][of[1]].split("\n") if line
    ]


@pytest.mark.parametrize(
    ("file", "extras"),
    [(RUNTIME, ("fast", "postgresql")), (TEST, ("client", "fast", "postgresql", "test"))],
)
def test_each_library_that_is_asked_for_is_locked_with_hashes(
    file: Path, extras: tuple[str, ...]
) -> None:
    locked = _locked(file)
    wanted = _wanted(
        ("options", "install_requires"), *(("options.extras_require", extra) for extra in extras)
    )
    assert len(wanted) >= 12
    for requirement in wanted:
        versions = locked[canonicalize_name(requirement.name)]
        assert all(map(requirement.specifier.contains, versions)), requirement


def test_what_is_tested_is_what_runs() -> None:
    runtime, test = _locked(RUNTIME), _locked(TEST)
    assert {name: test[name] for name in runtime} == runtime


def test_no_lock_names_a_registry() -> None:
    for lock in (RUNTIME, TEST):
        assert "://" not in lock.read_text()
    packages = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if path and "integrity" not in package] == []


def test_the_bill_lists_what_the_locks_name_and_nothing_else() -> None:
    listed = {
        (part["purl"].split("/")[0], part.get("group", ""), part["name"], part["version"])
        for part in json.loads(BILL.read_text())["components"]
    }
    packages = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    npm = {
        ("pkg:npm", *path.rpartition("node_modules/")[2].rpartition("/")[::2], package["version"])
        for path, package in packages.items()
        if path
    }
    assert len(npm) > 50
    locked = _locked(RUNTIME).items()
    pypi = {("pkg:pypi", "", name, version) for name, versions in locked for version in versions}
    assert listed == pypi | npm


def test_the_bill_is_of_this_version() -> None:
    component = json.loads(BILL.read_text())["metadata"]["component"]
    assert (component["name"], component["version"]) == ("xucd", xucd.__version__)


def test_the_package_carries_the_bill(tmp_path: Path) -> None:
    source = tmp_path / "source"
    files = subprocess.run(
        ["git", "ls-files", "-z", "xucd", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, files):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PROJECT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", tmp_path, source],
        check=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("xucd-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert packed.read("xucd/sbom.cdx.json") == BILL.read_bytes()
