"""What import-linter's contracts in pyproject.toml cannot say about xucd's modules."""

import ast
import graphlib
from pathlib import Path

import grimp
import pytest

import xucd.center

MODULES = sorted(Path(xucd.center.__file__).parent.rglob("*.py"))
CLOCKS = {"now", "today", "utcnow"}
INPUT_AND_OUTPUT = {"open", "print", "input"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_centre_reads_no_clock_and_does_no_io(path: Path) -> None:
    calls = [
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    functions = {call.id for call in calls if isinstance(call, ast.Name)}
    assert methods & CLOCKS == set()
    assert functions & INPUT_AND_OUTPUT == set()


def test_no_module_imports_the_package_that_imports_it() -> None:
    graph = grimp.build_graph("xucd", cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError
