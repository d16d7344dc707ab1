"""The OpenAPI document of the REST routes, made from their table and the types in it."""

import inspect
from functools import cache
from typing import Any

import msgspec

from xucd import __version__
from xucd.center.callee import NUMBER_KEYS, require_columns
from xucd.web.rest_bodies import CallbackRequestBody, CallbackRequestEntry, ErrorBody, ImportRefused
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_route import Route
from xucd.web.rest_routes import ROUTES

EXAMPLE = "phoneNumber;lastName;dueDate;period\n0230210082;O'Neill;2031-08-01;Afternoon\n"
REF = "#/components/schemas/{name}"
# The error statuses of every route, those of routes with a body, and those that a route names.
ANY_ERRORS = {
    400: "The request is malformed.",
    401: "The request has no bearer token.",
    403: "The token is not valid, or the user's rights do not allow this.",
    503: "The database, or the node beside the PBX, is not available at the moment.",
}
BODY_ERRORS = {
    413: "The body is too large.",
    415: "The body has a media type or a charset that is not supported.",
}
ROUTE_ERRORS = {
    404: "What the path or the query names does not exist, or the user may not know of it.",
    409: "The current state of the callback request does not allow this.",
    422: "The request is valid JSON or CSV but refers to something that does not exist, or holds a "
    "value that is not allowed.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    kinds = _kinds()
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    # What no struct can say: one of the two numbers is required.
    components[CallbackRequestBody.__name__]["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}}} for name in NUMBER_KEYS
    ]
    require_columns(components[CallbackRequestEntry.__name__])
    schema_of = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    built = {
        "openapi": "3.1.0",
        "info": {
            "title": "xucd: callbacks, gaps, the audit trail, and the data of persons",
            "version": __version__,
            "description": "Lists, periods, requests and tickets of callbacks; the gaps in what "
            "xucd heard of Asterisk; for administrators the audit trail and the data of persons. "
            "The bearer token is the one of /xuc/api/2.0/auth/login; the user's rights are those "
            "of the WebSocket.",
        },
        "servers": [{"url": "/xuc/api/2.0"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }
    found: dict[str, Any] = _plain(built)
    return found


def _plain(value: Any) -> Any:
    """The same with patterns as ECMAScript writes them, and texts without Python's indentation."""
    match value:
        case dict():
            return {
                key: _text(key, item) if isinstance(item, str) else _plain(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [_plain(item) for item in value]
    return value


def _text(key: str, text: str) -> str:
    if key == "pattern":
        return text.replace("\\A", "^").replace("\\Z", "$")
    return inspect.cleandoc(text) if key == "description" else text


def _kinds() -> list[Any]:
    """Every type of a request or an answer, each once."""
    kinds: dict[str, Any] = {repr(kind): kind for kind in (ErrorBody, ImportRefused)}
    for route in ROUTES:
        signature = route.signature
        for kind in (signature.body, signature.answer, *signature.places.values()):
            if kind not in (None, CsvFile):
                kinds[repr(kind)] = kind
    return list(kinds.values())


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    signature = route.signature
    summary, _, description = route.text.partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.path.split("/")[1]],
        "summary": summary.rstrip("."),
    }
    if description.strip():
        operation["description"] = description.strip()
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": schema_of[repr(kind)],
        }
        for name, kind in signature.places.items()
    ]
    if signature.query is not None:
        parameters += _query_parameters(signature.query)
    if parameters:
        operation["parameters"] = parameters
    if signature.body is not None:
        kinds = [signature.body, CsvFile] if signature.csv_body else [signature.body]
        content = dict(_content(kind, schema_of) for kind in kinds)
        if signature.csv_body:
            content["text/csv"]["example"] = EXAMPLE
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = _responses(route, schema_of)
    return operation


def _query_parameters(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    _, found = msgspec.json.schema_components([kind], ref_template=REF)
    shape = found[kind.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in shape.get("required", ()),
            "schema": schema,
        }
        for name, schema in shape["properties"].items()
    ]


def _content(kind: Any, schema_of: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if kind is CsvFile:
        return "text/csv", {"schema": {"type": "string"}}
    return "application/json", {"schema": schema_of[repr(kind)]}


def _responses(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    signature = route.signature
    success: dict[str, Any] = {"description": "Success."}
    if signature.answer is not None:
        kinds = [signature.answer, CsvFile] if signature.csv_answer else [signature.answer]
        success["content"] = dict(_content(kind, schema_of) for kind in kinds)
    if route.links:
        success["links"] = {
            function.__name__: {
                "operationId": function.__name__,
                "parameters": {"uuid": f"$response.body#/{place}"},
            }
            for function, place in route.links.items()
        }
    errors = ANY_ERRORS | (BODY_ERRORS if signature.body is not None else {})
    errors |= {status: ROUTE_ERRORS[status] for status in route.errors}
    error = {"application/json": {"schema": schema_of[repr(ErrorBody)]}}
    refused = {"application/json": {"schema": schema_of[repr(ImportRefused)]}}
    return {str(signature.status): success} | {
        str(status): {
            "description": text,
            "content": refused if status == 422 and signature.csv_body else error,
        }
        for status, text in sorted(errors.items())
    }
