"""The literal tables: each row leads to a function that takes what the row is about."""

import typing
from collections.abc import Callable
from typing import Any

import pytest

from xucd.app.handlers import CALLBACK_HANDLERS, HANDLERS
from xucd.callbacks.service import Callbacks
from xucd.center.events import Event
from xucd.center.rules.table import RULES
from xucd.commands.context import Context

ROWS = [(event, rule) for event, rules in RULES.items() for rule in rules]
COMMANDS = [*HANDLERS.items(), *CALLBACK_HANDLERS.items()]


def second(function: Callable[..., Any]) -> set[Any]:
    """The types that a function's second parameter may have."""
    name = list(typing.get_type_hints(function))[1]
    hint = typing.get_type_hints(function)[name]
    return set(typing.get_args(hint)) or {hint}


@pytest.mark.parametrize(("event", "rule"), ROWS, ids=lambda each: each.__name__)
def test_a_rule_takes_the_event_of_its_row(event: type, rule: Callable[..., Any]) -> None:
    assert event in second(rule)


@pytest.mark.parametrize(("command", "handler"), COMMANDS, ids=lambda each: each.__name__)
def test_a_handler_takes_the_command_of_its_row(command: type, handler: Callable[..., Any]) -> None:
    assert command in second(handler)


def test_each_table_gives_its_handlers_what_they_work_with() -> None:
    for handlers, works_with in ((HANDLERS, Context), (CALLBACK_HANDLERS, Callbacks)):
        for handler in handlers.values():
            assert next(iter(typing.get_type_hints(handler).values())) is works_with


def test_every_event_has_its_rules() -> None:
    assert set(RULES) == set(typing.get_args(Event))
    assert all(rules for rules in RULES.values())
