"""The columns of a callback are stated once: everything that has columns has all of them."""

import datetime
import uuid
from typing import Any

import msgspec
import pytest

from tests.conftest import PROJECT, TODAY
from xucd.center import callee
from xucd.center.callbacks import ANY_TIME, SEARCH_FIELDS, NewRequest, Request
from xucd.center.callee import Callee
from xucd.config import center_file, writing
from xucd.config.entries import CallbackEntry
from xucd.config.plan import Plan, PlannedCallback
from xucd.cti.messages import CallbackRequest, CallbackRequestUpdated, encode
from xucd.cti.schema import asyncapi
from xucd.store import Store, tables
from xucd.store import callback_reading as reading
from xucd.store.apply import apply
from xucd.store.callback_reading import SEARCH_COLUMNS
from xucd.store.export import export
from xucd.views.callbacks import request_view
from xucd.web.rest_bodies import CallbackRequestBody, CallbackRequestEntry
from xucd.web.rest_callbacks import request_entry
from xucd.web.rest_csv import COLUMNS, CsvFile
from xucd.web.rest_import import VALUE_ERRORS, from_csv
from xucd.web.rest_openapi import document

# A value that every column takes, a number too, and that is another in each of them.
VALUES: dict[str, Any] = {name: str(100 + place) for place, name in enumerate(callee.KEYS)}
WIRE = {callee.KEYS[name]: value for name, value in VALUES.items()}


def stored() -> Request:
    return Request(
        uuid=uuid.uuid4(), list_uuid=uuid.uuid4(), queue_id=1, agent_id=None, due_date=TODAY,
        period=ANY_TIME, clotured=False, voice_message_ref=None, created=None, **VALUES,
    )  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        CallbackEntry,
        CallbackRequest,
        CallbackRequestBody,
        CallbackRequestEntry,
        NewRequest,
        PlannedCallback,
        Request,
    ],
)
def test_every_struct_of_a_callback_has_its_columns(kind: type[msgspec.Struct]) -> None:
    assert issubclass(kind, Callee)
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    assert callee.KEYS.items() <= fields.items()


def test_every_column_can_be_searched_imported_and_stored() -> None:
    assert SEARCH_FIELDS.keys() == SEARCH_COLUMNS.keys()
    assert SEARCH_FIELDS.keys() >= WIRE.keys()
    assert set(COLUMNS) >= WIRE.keys()
    assert VALUE_ERRORS.keys() >= WIRE.keys()
    assert set(tables.callback_requests.c.keys()) >= VALUES.keys()
    body = document()["components"]["schemas"]["CallbackRequestBody"]
    assert body["properties"].keys() >= WIRE.keys()


def test_every_column_is_documented() -> None:
    page = (PROJECT / "docs/callbacks.md").read_text(encoding="utf-8")
    section = page.partition("## Whom to call")[2].partition("## ")[0]
    for key in WIRE:
        assert f"`{key}`" in section


def test_every_column_is_required_in_what_xucd_sends() -> None:
    sent = asyncapi.document("localhost", secure=True)["components"]["schemas"]["CallbackRequest"]
    answered = document()["components"]["schemas"]["CallbackRequestEntry"]
    for schema in (sent, answered):
        assert set(schema["required"]) >= {"uuid", "listUuid", *WIRE}
        assert all("default" not in schema["properties"][key] for key in WIRE)


def test_a_message_has_every_column_after_the_ids() -> None:
    message: dict[str, Any] = msgspec.json.decode(
        encode(CallbackRequestUpdated(request=request_view(stored())))
    )["ctiMessage"]["request"]
    assert list(message)[: 2 + len(WIRE)] == ["uuid", "listUuid", *WIRE]
    assert {key: message[key] for key in WIRE} == WIRE


def test_a_rest_answer_has_every_column() -> None:
    assert msgspec.to_builtins(request_entry(stored())).items() >= WIRE.items()


def test_a_csv_file_fills_every_column() -> None:
    text = ";".join(WIRE) + "\n" + ";".join(WIRE.values()) + "\n"
    (request,) = from_csv(CsvFile(text.encode()), []).valid
    assert callee.columns(request) == VALUES


def test_a_file_fills_every_column_of_the_database_and_comes_back(
    store: Store, demo_plan: Plan
) -> None:
    callback = PlannedCallback(due_date=TODAY, **VALUES)
    lists = (msgspec.structs.replace(demo_plan.callback_lists[0], callbacks=(callback,)),)
    plan = msgspec.structs.replace(demo_plan, callback_lists=lists)
    later = TODAY + datetime.timedelta(days=9)
    apply(store, center_file.parse(writing.write(plan), "center.toml", later).plan)
    (request,) = reading.open_requests(store)
    assert callee.columns(request) == VALUES
    assert export(store).callback_lists == plan.callback_lists
