"""Reading the filters of a search: ``dueDate<2026-12-01``, ``lastName~%son``, ``agentId=``."""

import re

from xucd.callbacks import commands
from xucd.center.callbacks import Search
from xucd.cti.commands import CallbackFilter, CallbackOrder, CallbackSearch
from xucd.web.rest_bodies import FILTER, SearchQuery

OPERATORS = {"=": "=", "~": "like", "<": "<", ">": ">"}


def search(query: SearchQuery) -> Search:
    """The search that a query asks for, judged as the command's is.

    Raises `Refused` with `FilterInvalid`.
    """
    return commands.search(
        CallbackSearch(
            filters=[_filter(one) for one in query.filter],
            order=[
                CallbackOrder(one.removeprefix("-"), "DESC" if one.startswith("-") else "ASC")
                for one in query.order
            ],
            offset=query.offset,
            limit=query.limit,
        )
    )


def _filter(text: str) -> CallbackFilter:
    found = re.match(FILTER, text)
    assert found is not None  # as the query's type has it
    field, operator, value = found.groups()
    return CallbackFilter(field, OPERATORS[operator], value or None)
