"""Reading the filters of a search: ``dueDate<2026-12-01``, ``lastName~%son``, ``agentId=``."""

import re

from xucd.callbacks import commands
from xucd.center.callbacks import Search
from xucd.cti.commands import CallbackFilter, CallbackOrder, CallbackSearch
from xucd.web.rest_bodies import FILTER, SearchQuery

OPERATORS = {"=": "=", "~": "like", "<": "<", ">": ">"}


def search(query: SearchQuery) -> Search:
    """The search of query parameters, validated like that of `findCallbackRequest`.

    Raises `Refused` with `FilterInvalid`.
    """
    return commands.search(
        CallbackSearch(
            filters=[_filter(text) for text in query.filter],
            order=[
                CallbackOrder(text.removeprefix("-"), "DESC" if text.startswith("-") else "ASC")
                for text in query.order
            ],
            offset=query.offset,
            limit=query.limit,
        )
    )


def _filter(text: str) -> CallbackFilter:
    found = re.match(FILTER, text)
    assert found is not None  # the query was validated by it
    field, operator, value = found.groups()
    return CallbackFilter(field, OPERATORS[operator], value or None)
