"""The sdist and the wheel: they hold all that the documents send an operator to."""

import os
import re
import runpy
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.distribution import EPOCH, PROJECT, built
from xucd.config import shipped

# Paths in this repository, as an operator's pages name them.
NAMED = re.compile(
    r"(?<!/etc/)\b(?:(?:asterisk-conf|systemd|docs/proxy)/[\w./-]*\w"
    r"|locks/runtime\.txt|docs/(?:xucd\.toml|nats\.conf)|integration/demo/center\.toml)"
)
LINK = re.compile(r"\]\((?!\w+:)([\w./-]*\w)")
"""A link of a page to a file."""


def files_named() -> set[str]:
    """The files of the project that its pages name for operators, by their paths."""
    pages = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("systemd/*.md")]
    return {name for page in pages for name in NAMED.findall(page.read_text(encoding="utf-8"))}


def test_the_wheel_holds_each_file_that_the_documents_name() -> None:
    named = files_named()
    assert {"systemd/xucd.service", "locks/runtime.txt", "docs/xucd.toml"} <= named
    with zipfile.ZipFile(built()[1]) as wheel:
        held = set(wheel.namelist())
        missing = {
            name
            for name in named
            if not any(each.startswith(f"xucd/shipped/{name}") for each in held)
        }
        assert missing == set()
        for name in held:
            if name.startswith("xucd/shipped/"):
                original = PROJECT / name.removeprefix("xucd/shipped/")
                assert wheel.read(name) == original.read_bytes()


def test_the_debian_package_has_libraries_for_each_python_that_apt_lets_in() -> None:
    pythons = runpy.run_path(str(PROJECT / "packages/make-deb"))["PYTHONS"]
    minors = [int(python.removeprefix("3.")) for python in pythons]
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_each_link_of_a_page_in_the_debian_package_leads_to_a_file_in_it() -> None:
    patterns = runpy.run_path(str(PROJECT / "packages/make-deb"))["DOCUMENTS"]
    held = {file for pattern in patterns for file in PROJECT.glob(pattern)}
    led = {
        f"{page.relative_to(PROJECT)}: {link}"
        for page in held
        if page.suffix == ".md"
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if (page.parent / link).resolve() not in held
    }
    assert led == set()


def test_another_architecture_is_told_what_to_install(tmp_path: Path) -> None:
    dpkg = tmp_path / "dpkg"
    dpkg.write_text("#!/bin/sh\necho arm64\n", encoding="utf-8")
    dpkg.chmod(0o755)
    ran = subprocess.run(
        [sys.executable, PROJECT / "packages/make-deb"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr == (
        "make-deb: the package is for amd64, and this machine is arm64: install the wheel"
        " (make wheel)\n"
    )


def test_the_sdist_holds_them_and_the_documents() -> None:
    with tarfile.open(built()[0]) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    pages = {str(page.relative_to(PROJECT)) for page in PROJECT.glob("docs/**/*.md")}
    assert (
        files_named() | pages | {"README.md", "CHANGELOG.md", "LICENSE", "setup.py"}
    ) - held == set()


def test_the_wheel_carries_the_bill_and_nothing_of_the_tests() -> None:
    with zipfile.ZipFile(built()[1]) as wheel:
        bill = wheel.read("xucd/sbom.cdx.json")
        rooms = {name.partition("/")[0] for name in wheel.namelist()}
    assert bill == (PROJECT / "xucd/sbom.cdx.json").read_bytes()
    assert {room for room in rooms if not room.endswith(".dist-info")} == {"xucd"}


def test_the_wheels_files_have_the_time_of_the_source() -> None:
    with zipfile.ZipFile(built()[1]) as wheel:
        times = {each.date_time for each in wheel.infolist()}
    assert times == {time.gmtime(EPOCH)[:6]}


def test_wheel_and_sdist_carry_what_the_pages_take_from_npm_with_its_licences() -> None:
    with zipfile.ZipFile(built()[1]) as wheel:
        held = set(wheel.namelist())
    with tarfile.open(built()[0]) as sdist:
        packed = {name.partition("/")[2] for name in sdist.getnames()}
    assets = "xucd/web/static/vendor"
    wanted = {f"{assets}/inter/inter-latin-wght-normal.woff2", f"{assets}/inter/LICENSE"}
    assert (wanted - held, wanted - packed) == (set(), set())
    committed = subprocess.run(
        ["git", "ls-files", assets], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    assert committed == ""


def test_the_pages_name_no_file_of_npm_that_is_not_brought() -> None:
    with zipfile.ZipFile(built()[1]) as wheel:
        held = set(wheel.namelist())
        named = {
            file
            for name in held
            if name.endswith((".css", ".html", ".js"))
            for file in re.findall(r"/vendor/[\w./-]+", wheel.read(name).decode())
        }
    assert named != set()
    assert {file for file in named if f"xucd/web/static{file}" not in held} == set()


def test_an_installed_xucd_finds_what_came_with_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(built()[1]) as wheel:
        wheel.extractall(tmp_path)
    asked = "from xucd.config import shipped; print(shipped.path('asterisk-conf/queues.conf'))"
    told = subprocess.run(
        [sys.executable, "-P", "-c", asked], cwd="/", env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert Path(told.strip()) == tmp_path / "xucd/shipped/asterisk-conf/queues.conf"


def test_a_checkout_finds_it_in_its_own_folders() -> None:
    assert shipped.path("systemd/xucd.service") == PROJECT / "systemd/xucd.service"


def test_a_file_that_is_missing_isfiles_named() -> None:
    with pytest.raises(shipped.NotShipped, match=r"asterisk-conf/none\.conf is missing"):
        shipped.path("asterisk-conf/none.conf")
