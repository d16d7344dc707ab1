"""Each block of code in the documents is in the register, and right by what is entered there."""

import ast
import datetime
import json
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest

from tests.certificates import certificate
from tests.doc_blocks import REGISTER, WAYS, Block, blocks, blocks_for, entries_of
from xucd import cli
from xucd.center.callbacks import Period
from xucd.config import center_file, settings, user_file
from xucd.config.plan import Plan
from xucd.signin import passwords
from xucd.store import Store
from xucd.store.apply import apply
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_import import from_csv

PROJECT = Path(__file__).parent.parent
UNIT = PROJECT / "systemd/xucd.service"
SHELL = [block for block in blocks() if block.language == "sh"]


def test_each_block_is_entered_once_and_each_entry_is_a_block() -> None:
    named = [(str(block), entries_of(block)) for block in blocks()]
    assert [(block, entries) for block, entries in named if len(entries) != 1] == []
    seen = {entry for _, entries in named for entry in entries}
    assert set(REGISTER) - seen == set()


def test_each_test_that_the_register_names_exists() -> None:
    for shown in set(REGISTER.values()) - WAYS.keys():
        path, _, name = shown.partition("::")
        tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
        found = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in found, shown


# -- Shell: whatever else shows it, each block of it is read here


@cache
def targets() -> set[str]:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][\w-]*):", makefile, re.M))


def commands(block: Block) -> list[list[str]]:
    """The simple commands of a block, as words: what pipes, lists and parentheses join."""
    found = []
    text = re.sub(r"\\\n\s*", " ", block.text)
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("();|&"):
                found.append(words)
                words = []
            else:
                words.append(word)
    return [words for words in found if words]


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_shell_reads_the_block(block: Block) -> None:
    ran = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_each_command_of_xucds_and_each_target_of_make_exists(block: Block) -> None:
    for words in commands(block):
        if words[0] == "make":
            assert words[1] in targets(), words
        called = [at for at, word in enumerate(words) if re.fullmatch(r"(.*/bin/)?xucd", word)]
        if called and words[0] in ("xucd", "runuser", "/opt/xucd/bin/xucd"):
            arguments = words[called[-1] + 1 :]
            assert_taken(arguments[: arguments.index("<")] if "<" in arguments else arguments)


def assert_taken(arguments: list[str]) -> None:
    """Fails unless xucd's command line takes these arguments."""
    try:
        cli._parser().parse_args(arguments)
    except SystemExit as end:
        raise AssertionError(f"xucd does not take {arguments}") from end


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_each_file_of_the_project_that_a_command_names_is_there(block: Block) -> None:
    named = re.findall(
        r"(?<![\w/.*-])(?:systemd|docs|locks|tests|integration)/[\w./-]+", block.text
    )
    assert [path for path in named if not (PROJECT / path).exists()] == []


# -- The other ways


@pytest.mark.parametrize("block", blocks_for("settings"), ids=str)
def test_a_settings_file_may_hold_the_block(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "xucd.toml"
    authority = certificate(tmp_path)[0]
    file.write_text(block.text.replace("/etc/xucd/ca.pem", authority), encoding="utf-8")
    for name in re.findall(r'^\w*secret_file = "([\w-]+)"', block.text, re.M):
        (tmp_path / name).write_text("of-its-own", encoding="utf-8")
    settings.load(file, {"XUCD_AMI_SECRET": "of-its-own"})


@pytest.mark.parametrize("block", blocks_for("centre"), ids=str)
def test_a_centre_file_may_hold_the_block(block: Block) -> None:
    center_file.parse(block.text, "block", datetime.date(2026, 11, 26))


@pytest.mark.parametrize("block", blocks_for("csv"), ids=str)
def test_an_import_takes_the_block(block: Block) -> None:
    afternoon = Period(UUID(int=1), "Afternoon", datetime.time(13), datetime.time(18))
    read = from_csv(CsvFile(block.text.encode()), [afternoon])
    assert (len(read.valid), read.invalid) == (len(block.text.splitlines()) - 1, [])


@pytest.mark.parametrize("block", blocks_for("users"), ids=str)
def test_an_import_of_users_takes_the_block(block: Block, demo_plan: Plan, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    store.migrate()
    apply(store, demo_plan)
    text = block.text
    if block.language == "json":  # its keys are the columns
        users = json.loads(text)
        lines = [list(users[0]), *(list(user.values()) for user in users)]
        text = "\n".join(";".join(cells) for cells in lines)
    read = user_file.read(text.encode(), store.directory(), passwords.MIN_LENGTH)
    store.close()
    assert len(read.plan.people) == len(text.splitlines()) - 1


@pytest.mark.parametrize("block", blocks_for("log"), ids=str)
def test_a_log_entry_is_as_structlog_writes_it(block: Block) -> None:
    for line in block.text.splitlines():
        assert re.fullmatch(
            r"2026-\d\d-\d\dT[\d:.]+Z \[(?:info|warning|error) +\] .*(?: \w+=.*)+", line
        ), line


@pytest.mark.parametrize("block", blocks_for("unit"), ids=str)
def test_systemd_takes_the_block_beside_the_unit(block: Block, tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/xucd/bin/xucd", "/bin/true"))
    part = tmp_path / f"{UNIT.name}.d/override.conf"
    part.parent.mkdir()
    part.write_text(block.text, encoding="utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_libraries_own_page_uses_what_the_library_has() -> None:
    folder = PROJECT / "xucd/web/static/lib"
    [block] = [block for block in blocks() if block.page.endswith("static/lib/README.md")]
    types = (folder / "xucd.d.ts").read_text(encoding="utf-8")
    used = set(re.findall(r"center\.(\w+)", block.text)) | {"connect"}
    assert len(used) > 4
    assert [name for name in used if not re.search(rf"\b{name}\b", types)] == []
