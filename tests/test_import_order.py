"""Importing the modules of xucd in any order makes the same tables."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Run by an interpreter of its own, in which nothing is imported yet; prints the tables as JSON.
SCRIPT = """
import importlib, json, pkgutil, random, sys

import xucd

# Alembic runs the migrations' modules by itself, and only within a migration.
modules = sorted(
    module.name
    for module in pkgutil.walk_packages(xucd.__path__, "xucd.")
    if not module.name.startswith("xucd.store.migrations") and module.name != "xucd.__main__"
)
random.Random(int(sys.argv[1])).shuffle(modules)
for module in modules:
    importlib.import_module(module)

from xucd.ami.events import DECODERS
from xucd.app.handlers import CALLBACK_HANDLERS, HANDLERS
from xucd.center.rules.table import RULES
from xucd.cti.commands import ANSWERS, COMMANDS, SUBSCRIBING, UNSUBSCRIBING
from xucd.cti.messages import MESSAGES
from xucd.cti.schema.__main__ import generated
from xucd.cti.schema.asyncapi import document
from xucd.web.rest_routes import ROUTES


def name(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


tables = {
    "modules": sorted(modules),
    "rules": [[name(event), [name(rule) for rule in rules]] for event, rules in RULES.items()],
    "handlers": [[name(kind), name(handler)] for kind, handler in HANDLERS.items()],
    "callback handlers": [[name(kind), name(to)] for kind, to in CALLBACK_HANDLERS.items()],
    "commands": [[wire, name(kind)] for wire, kind in COMMANDS.items()],
    "routes": [[route.method, route.path, name(route.function)] for route in ROUTES],
    "decoders": [[event.decode(), name(decoder)] for event, decoder in DECODERS.items()],
    "subscribing": sorted(map(name, SUBSCRIBING)),
    "unsubscribing": [[name(end), name(of)] for end, of in UNSUBSCRIBING.items()],
    "answers": [[name(kind), repr(answer)] for kind, answer in ANSWERS.items()],
    "messages": [[wire, name(kind)] for wire, kind in MESSAGES.items()],
    "generated": {str(path): text for path, text in generated().items()},
    "asyncapi": document("localhost", False),
}
print(json.dumps(tables))
"""


def tables(seed: int) -> dict[str, object]:
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, str(seed)),
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def first() -> dict[str, object]:
    return tables(0)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_order_of_imports_changes_no_table(seed: int, first: dict[str, object]) -> None:
    assert tables(seed) == first


def test_all_rooms_are_imported(first: dict[str, object]) -> None:
    modules = first["modules"]
    assert isinstance(modules, list)
    rooms = {path.parent.name for path in (ROOT / "xucd").glob("*/__init__.py")}
    assert {module.split(".")[1] for module in modules if module.count(".") > 1} == rooms


def test_what_only_some_centres_need_is_not_imported_by_all() -> None:
    script = "import json, sys, xucd.app.assembly; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        (sys.executable, "-c", script), cwd=ROOT, check=True, capture_output=True, text=True
    )
    imported = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "autobahn" in imported
    assert imported & {"authlib", "joserfc", "ldap3"} == set()


def test_the_daemon_starts_without_what_other_commands_and_databases_need() -> None:
    """Each is a part of the second that a start takes."""
    program = (
        "import sys, xucd.cli, xucd.app.daemon, xucd.app.assembly\nprint(*sys.modules, sep='\\n')"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT)
    needless = {
        "xucd.tools.proposal",
        "xucd.tools.discovery",
        "xucd.cti.schema.asyncapi",
        "sqlalchemy.dialects.postgresql",
        "alembic",
        "ldap3",
    }
    assert needless.isdisjoint(said.splitlines())
