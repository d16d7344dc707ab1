"""What xucd is built from: locked with hashes, asked about for weaknesses, and listed in the bill.

And what SECURITY.md says of the ports on which it listens.
"""

import configparser
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xucd
from xucd.config.settings import Settings

PROJECT = Path(__file__).parent.parent
RUNTIME, TEST = PROJECT / "locks/runtime.txt", PROJECT / "locks/test.txt"
BILL = PROJECT / "xucd/sbom.cdx.json"

SOUND = '{"dependencies": [{"name": "attrs", "version": "1", "vulns": []}]}'
WEAK = """{"dependencies": [{"name": "attrs", "version": "1", "vulns": []}, {"name": "yarl",
  "version": "2", "vulns": [{"id": "PYSEC-7", "fix_versions": ["2.1"]}]}]}"""
SOUND_NPM = '{"vulnerabilities": {"braces": {"severity": "moderate"}}}'
WEAK_NPM = '{"vulnerabilities": {"braces": {"severity": "high"}}}'
UNREACHABLE_NPM = '{"message": "request to https://registry failed", "error": {}}'


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


class Copy:
    """A script of integration/bin in a project of its own, whose programs are stand-ins."""

    def __init__(self, project: Path, script: str) -> None:
        self.project = project
        self._script = project / "integration/bin" / script
        for name in (f"integration/bin/{script}", "setup.cfg", "locks/test.txt"):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, project / name)

    def stand_in(self, program: str, *lines: str) -> None:
        """Have this stand in for a program, given by its path in the project."""
        path = self.project / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
        path.chmod(0o755)

    def run(self) -> "subprocess.CompletedProcess[str]":
        search = f"{self.project / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            [self._script], env={**os.environ, "PATH": search}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("pip_audit", "npm", "code", "says"),
    [
        (SOUND, SOUND_NPM, 0, ["1 of 1 Python libraries looked up, 0 weaknesses"]),
        (WEAK, SOUND_NPM, 1, ["yarl 2: PYSEC-7, fixed in 2.1", "2 of 2 Python libraries"]),
        (SOUND, WEAK_NPM, 1, ["braces (high)", "the npm packages looked up, 1 weaknesses"]),
        ("", SOUND_NPM, 0, ["pip-audit cannot reach its data here: nothing is known"]),
        (SOUND, UNREACHABLE_NPM, 0, ["npm audit cannot reach its data here: nothing is known"]),
        ("", WEAK_NPM, 1, ["pip-audit cannot reach", "braces (high)"]),
        (WEAK, UNREACHABLE_NPM, 1, ["npm audit cannot reach", "PYSEC-7"]),
    ],
    ids=[
        "sound",
        "weak",
        "npm weak",
        "no data",
        "no data of npm",
        "only npm weak",
        "only one weak",
    ],
)
def test_lint_fails_for_a_known_weakness_and_says_when_none_can_be_known(
    tmp_path: Path, pip_audit: str, npm: str, code: int, says: list[str]
) -> None:
    copy = Copy(tmp_path, "audit-libraries")
    # Both end with 1 for a weakness and for a network that is not there alike.
    copy.stand_in(".venv/bin/pip-audit", "cat <<'END'", pip_audit, "END", "exit 1")
    copy.stand_in("bin/npm", "cat <<'END'", npm, "END", "exit 1")
    ran = copy.run()
    assert ran.returncode == code
    assert [each for each in says if each not in ran.stderr] == []


def test_the_virtual_environment_gets_nothing_whose_hash_is_not_locked(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "ensure-venv")
    asked = tmp_path / "asked"
    copy.stand_in(
        "bin/python3",
        'case "$1 $2" in',
        '"-m venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;',
        f'"-m pip") echo "$*" >>{asked} ;;',
        "esac",
    )
    ran = copy.run()
    assert ran.returncode == 0, ran.stderr
    locked, itself = (line.split()[3:] for line in asked.read_text().splitlines())
    assert {"--require-hashes", "locks/test.txt"} <= set(locked)
    assert {"--no-deps", "--no-build-isolation"} <= set(itself)  # which would fetch others
    assert itself[-1] == "."
    copy.run()
    assert len(asked.read_text().splitlines()) == 2  # it is there


def test_the_ports_that_security_names_are_those_of_the_settings() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (\d+)/tcp[^|`]*(?:`(\w+\.port)` )?\|", text, re.MULTILINE)
    settings = Settings()
    assert rows == [
        (str(settings.web.port), "web.port"),
        (str(settings.agi.port), "agi.port"),
        (str(settings.ami.port), ""),  # Asterisk's
        ("5432", ""),  # PostgreSQL's
    ]
    sections = msgspec.to_builtins(settings).values()
    assert len([each for each in sections if isinstance(each, dict) and "port" in each]) == 3


def test_the_addresses_that_security_names_are_those_of_the_settings() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    settings = Settings()
    assert f"{settings.web.host} unless `web.host` says otherwise" in text
    assert (settings.agi.host, settings.ami.host) == ("127.0.0.1", "127.0.0.1")
