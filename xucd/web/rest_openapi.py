"""The OpenAPI document of the REST routes, made from their table and the types in it."""

import inspect
from functools import cache
from typing import Any

import msgspec

from xucd import __version__
from xucd.web import rest_callbacks
from xucd.web.rest_bodies import CallbackRequestBody, ErrorBody, ImportRefused
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_routes import ROUTES, Route

EXAMPLE = "phoneNumber;lastName;dueDate;period\n0230210082;O'Neill;2031-08-01;Afternoon\n"
_ = rest_callbacks  # imported for the routes it holds
REF = "#/components/schemas/{name}"
# What can be wrong with any request, and with any that has a body.
ANYWHERE = {
    400: "The request is not well-formed.",
    401: "The request bears no token.",
    403: "The token is not valid, or the user may not do this.",
    503: "xucd cannot write to its database just now.",
}
WITH_BODY = {413: "The body is too large.", 415: "The body is of another kind."}
ELSE = {
    404: "There is no such thing, or the user may not know of it.",
    409: "The state it is in does not allow this.",
    422: "It is well-formed, and what it says cannot be.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    kinds = _kinds()
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    # What no struct can say: at least one of the two numbers has to be there.
    components[CallbackRequestBody.__name__]["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}}}
        for name in ("phoneNumber", "mobilePhoneNumber")
    ]
    schema_of = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "xucd: callbacks",
            "version": __version__,
            "description": "Lists, periods, requests and tickets of callbacks. A token is had as "
            "for the WebSocket, from /xuc/api/2.0/auth/login, and the rights are the same.",
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
    found: dict[str, Any] = _plain(made)
    return found


def _plain(value: Any) -> Any:
    """The same with patterns as ECMAScript writes them, and texts without Python's indentation."""
    match value:
        case dict():
            return {
                key: _said(key, held) if isinstance(held, str) else _plain(held)
                for key, held in value.items()
            }
        case list() | tuple():
            return [_plain(one) for one in value]
    return value


def _said(key: str, text: str) -> str:
    if key == "pattern":
        return text.replace("\\A", "^").replace("\\Z", "$")
    return inspect.cleandoc(text) if key == "description" else text


def _kinds() -> list[Any]:
    """Every type that a route takes or gives, each once."""
    kinds: dict[str, Any] = {repr(kind): kind for kind in (ErrorBody, ImportRefused)}
    for route in ROUTES:
        for kind in (route.body, route.answer, *route.places.values()):
            if kind not in (None, CsvFile):
                kinds[repr(kind)] = kind
    return list(kinds.values())


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = route.summary.partition("\n")
    made: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.path.split("/")[1]],
        "summary": summary.rstrip("."),
    }
    if description.strip():
        made["description"] = description.strip()
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": schema_of[repr(kind)],
        }
        for name, kind in route.places.items()
    ]
    if route.query is not None:
        parameters += _query_parameters(route.query)
    if parameters:
        made["parameters"] = parameters
    if route.body is not None:
        kinds = [route.body, CsvFile] if route.csv_body else [route.body]
        content = dict(_content(kind, schema_of) for kind in kinds)
        if route.csv_body:
            content["text/csv"]["example"] = EXAMPLE
        made["requestBody"] = {"required": True, "content": content}
    made["responses"] = _responses(route, schema_of)
    return made


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
    done: dict[str, Any] = {"description": "Done."}
    if route.answer is not None:
        done["content"] = dict([_content(route.answer, schema_of)])
    if route.links:
        done["links"] = {
            name: {
                "operationId": name,
                "parameters": {"uuid": f"$response.body#/{place}"},
            }
            for name, place in route.links.items()
        }
    told = ANYWHERE | (WITH_BODY if route.body is not None else {})
    told |= {status: ELSE[status] for status in route.errors}
    error = {"application/json": {"schema": schema_of[repr(ErrorBody)]}}
    refused = {"application/json": {"schema": schema_of[repr(ImportRefused)]}}
    return {str(route.status): done} | {
        str(status): {
            "description": text,
            "content": refused if status == 422 and route.csv_body else error,
        }
        for status, text in sorted(told.items())
    }
