"""The glossary's words are the code's words."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parent.parent
PAGE = (PROJECT / "docs/glossary.md").read_text(encoding="utf-8")


class Name(NamedTuple):
    """A public name of xucd: `kind` is module, class, function, method or value."""

    kind: str
    name: str
    where: str


def public_names() -> Iterator[Name]:
    for path in sorted((PROJECT / "xucd").rglob("*.py")):
        module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        name = path.parent.name if path.stem == "__init__" else path.stem
        if not name.startswith("_"):
            yield Name("module", name, module)
        for found in _defined(ast.parse(path.read_text(encoding="utf-8")), "function"):
            yield Name(*found, module)


def _defined(scope: ast.Module | ast.ClassDef, function: str) -> Iterator[tuple[str, str]]:
    for node in scope.body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield "class", name
                yield from _defined(node, "method")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if not name.startswith("_"):
                    yield function, name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if function == "function" and not name.startswith("_"):
                    yield "value", name


NAMES = list(public_names())


def words(name: str) -> list[str]:
    """The words of a name, however they are joined: `SocketWriter`, `socket_writer`."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def rows() -> Iterator[dict[str, str]]:
    """Every row of every table, its cells by the heads of their columns."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.M):
        head, _, *lines = ([cell.strip() for cell in line.strip("|\n").split(" |")]
                           for line in table.splitlines())  # fmt: skip
        yield from (dict(zip(head, cells, strict=True)) for cells in lines)


TERMS = [row for row in rows() if "term" in row]
NOT = {word.strip(): row for row in rows() for word in row.get("not", "").split(",") if word}
EXCEPTIONS = {row["name"].strip("`") for row in rows() if "why it stays" in row}


@pytest.mark.parametrize("row", TERMS, ids=lambda row: row["term"])
def test_what_a_term_is_called_in_code_exists_there(row: dict[str, str]) -> None:
    known = {name.name for name in NAMES}
    assert set(re.findall(r"`(\w+)`", row["in code"])) <= known


@pytest.mark.parametrize("word", sorted(NOT))
def test_no_public_name_has_a_word_that_is_no_longer_used(word: str) -> None:
    assert [
        f"{name.where}: {name.name}"
        for name in NAMES
        if name.kind != "value" and word in words(name.name) and name.name not in EXCEPTIONS
    ] == []


def test_no_two_public_classes_have_the_same_name() -> None:
    counted = Counter(name.name for name in NAMES if name.kind == "class")
    assert {name for name, number in counted.items() if number > 1} <= EXCEPTIONS


def test_every_exception_is_still_needed() -> None:
    counted = Counter(name.name for name in NAMES if name.kind == "class")
    needed = {
        name
        for name in EXCEPTIONS
        if counted[name] > 1
        or any(found.name == name and set(words(name)) & NOT.keys() for found in NAMES)
    }
    assert needed == EXCEPTIONS
