"""What xucd is built from: locked with hashes, asked about for weaknesses, and listed in the bill.

And what SECURITY.md says of the ports on which it listens.
"""

import configparser
import json
import re
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import xucd
from tests.project_copy import ProjectCopy
from xucd.config.settings import Settings

PROJECT = Path(__file__).parent.parent
RUNTIME, DEMO, DOCS, TEST = (
    PROJECT / "locks" / f"{name}.txt" for name in ("runtime", "demo", "docs", "test")
)
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
    [
        (RUNTIME, ("fast", "postgresql")),
        (DEMO, ("demo", "fast")),
        (DOCS, ("docs",)),
        (TEST, ("client", "demo", "docs", "fast", "postgresql", "test")),
    ],
)
def test_each_library_that_is_asked_for_is_locked_with_hashes(
    file: Path, extras: tuple[str, ...]
) -> None:
    locked = _locked(file)
    wanted = _wanted(
        ("options", "install_requires"), *(("options.extras_require", extra) for extra in extras)
    )
    assert len(wanted) >= 12
    # A library may be asked for twice, in the version that each Python can have.
    allowed: dict[str, list[SpecifierSet]] = {}
    for requirement in wanted:
        allowed.setdefault(canonicalize_name(requirement.name), []).append(requirement.specifier)
    for name, specifiers in allowed.items():
        for version in locked[name]:
            assert any(each.contains(version) for each in specifiers), f"{name} {version}"


@pytest.mark.parametrize("file", [RUNTIME, DEMO, DOCS], ids=lambda file: file.stem)
def test_what_is_tested_is_what_runs(file: Path) -> None:
    locked, test = _locked(file), _locked(TEST)
    assert {name: test[name] for name in locked} == locked


def test_the_demo_gets_no_library_of_the_tests() -> None:
    of_tests = {"pytest", "mypy", "hypothesis", "playwright", "atheris", "ruff"}
    assert of_tests <= _locked(TEST).keys()
    assert of_tests.isdisjoint(_locked(DEMO))


def test_no_lock_names_a_registry() -> None:
    for lock in (RUNTIME, DEMO, DOCS, TEST):
        assert "://" not in lock.read_text()
    for folder in (".", "bench/peers/node"):
        packages = json.loads((PROJECT / folder / "package-lock.json").read_text())["packages"]
        assert [path for path, package in packages.items() if "resolved" in package] == []
        assert [path for path, of in packages.items() if path and "integrity" not in of] == []


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
    copy = ProjectCopy(tmp_path)
    # Both end with 1 for a weakness and for a network that is not there alike.
    copy.stand_in(".venv/bin/pip-audit", "cat <<'END'", pip_audit, "END", "exit 1")
    copy.stand_in("bin/npm", "cat <<'END'", npm, "END", "exit 1")
    ran = copy.run("audit-libraries")
    assert ran.returncode == code
    assert [each for each in says if each not in ran.stderr] == []


def test_the_ports_that_security_names_are_those_of_the_settings() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (\d+)/tcp[^|`]*(?:`(\w+\.port)` )?\|", text, re.MULTILINE)
    settings = Settings()
    assert rows == [
        (str(settings.web.port), "web.port"),
        (str(settings.agi.port), "agi.port"),
        (str(settings.ami.port), ""),  # Asterisk's
        ("5432", ""),  # PostgreSQL's
        ("4222", ""),  # NATS's
    ]
    sections = msgspec.to_builtins(settings).values()
    assert len([each for each in sections if isinstance(each, dict) and "port" in each]) == 3


def test_the_addresses_that_security_names_are_those_of_the_settings() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    settings = Settings()
    assert f"{settings.web.host} unless `web.host` says otherwise" in text
    assert (settings.agi.host, settings.ami.host) == ("127.0.0.1", "127.0.0.1")


def test_all_places_name_the_same_pythons() -> None:
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    supported = SpecifierSet(setup["options"]["python_requires"])
    minors = [minor for minor in range(30) if f"3.{minor}" in supported]
    named = [
        line.rpartition(" ")[2]
        for line in setup["metadata"]["classifiers"].splitlines()
        if ":: Python :: 3." in line
    ]
    assert named == [f"3.{minor}" for minor in minors]
    span = f"3.{minors[0]} to 3.{minors[-1]}"
    for page in ("README.md", "CONTRIBUTING.md", "docs/index.md", "systemd/README.md"):
        text = (PROJECT / page).read_text(encoding="utf-8")
        assert re.findall(r"Python (3\.\d+ to 3\.\d+)", text) == [span], page
    environment = (PROJECT / "integration/bin/ensure-venv").read_text(encoding="utf-8")
    assert f"(3, {minors[0]}) <= sys.version_info[:2] <= (3, {minors[-1]})" in environment
    assert f"Python {span} with" in environment
