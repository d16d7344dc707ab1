"""The centre does no I/O and reads no clock, and knows no other room of xucd."""

import ast
from pathlib import Path

import pytest

import xucd.center

ALLOWED = {
    "collections", "collections.abc", "itertools", "enum", "typing", "msgspec", "datetime", "uuid",
    "re", "urllib.parse", "types",
}  # fmt: skip
MODULES = sorted(Path(xucd.center.__file__).parent.rglob("*.py"))
CLOCKS = {"now", "today", "utcnow", "time", "monotonic"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_centre_imports_only_the_centre_and_plain_data(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    strange = {name for name in imported if not name.startswith("xucd.center")} - ALLOWED
    assert strange == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_centre_reads_no_clock(path: Path) -> None:
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "time", "date"}
    }
    assert calls & CLOCKS == set()
