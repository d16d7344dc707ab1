"""The WebSocket protocol as an AsyncAPI 3 document, made from the structs of every message.

Read it from xucd's side: it receives the commands and sends the messages.
"""

import functools
from collections.abc import Iterable
from typing import Any

import msgspec

from xucd import __version__
from xucd.center.callee import require_columns
from xucd.cti.messages import MESSAGES, ArrayMessage, CallbackRequest, CommandResult, Message
from xucd.cti.schema.commands import Method, QueryAnswer, QueryAnswerBy, methods
from xucd.cti.schema.wording import SAYS

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/{name}"
_TELL = "tell"
_PING = "ping"
_SAYS = """\
One JSON object per text frame. A client sends commands and, every 5 s, a ping, which comes back; \
xucd sends messages. A command that carries a `requestId` is answered by a `CommandResult` once \
Asterisk has done what was asked; a query's answer comes before that. With `resume=1` each message \
tells its `position`, and a link that was lost goes on where it was with `epoch` and `position`. \
Numbers may also be sent as decimal strings."""


def document(host: str, secure: bool) -> Json:
    """The whole document, for a client that reaches xucd under this host, over TLS or not."""
    server = {
        "host": host,
        "protocol": "wss" if secure else "ws",
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }
    return {**_parts(), "servers": {"xucd": server}}


@functools.cache
def _parts() -> Json:
    """All but the server. It is shared: nobody is to change it."""
    commands = list(methods())
    names = [*MESSAGES, *(method.command for method in commands), _PING]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "xucd", "version": __version__, "description": _SAYS},
        "defaultContentType": "application/json",
        "channels": {"cti": _channel(names)},
        "operations": _operations(commands),
        "components": {
            "schemas": _schemas(commands),
            "messages": _messages(commands),
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "name": "token",
                    "in": "query",
                    "description": "A token of `POST /xuc/api/2.0/auth/login`.",
                }
            },
        },
    }


def _in_channel(name: str) -> Json:
    return {"$ref": f"#/channels/cti/messages/{name}"}


def _channel(names: Iterable[str]) -> Json:
    text = {"type": "string"}
    query = {
        "type": "object",
        "properties": {
            "token": {**text, "description": "who the client is"},
            "resume": {**text, "enum": ["1"], "description": "tell positions"},
            "epoch": {**text, "description": "of the stream to go on with"},
            "position": {**text, "description": "the last one that was seen"},
        },
        "required": ["token"],
    }
    return {
        "address": "/xuc/api/2.0/cti",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
    }


def _operations(commands: Iterable[Method]) -> Json:
    channel = {"$ref": "#/channels/cti"}
    operations: Json = {
        _TELL: {
            "action": "send",
            "channel": channel,
            "summary": "What xucd tells: what was asked for, and what happens.",
            "messages": [_in_channel(name) for name in MESSAGES],
        },
        _PING: {
            "action": "receive",
            "channel": channel,
            "summary": "The heartbeat, answered by the same at once.",
            "messages": [_in_channel(_PING)],
            "reply": {"channel": channel, "messages": [_in_channel(_PING)]},
        },
    }
    for method in commands:
        replies = [_in_channel(CommandResult.__name__), *map(_in_channel, _answers(method))]
        operations[method.command] = {
            "action": "receive",
            "channel": channel,
            "summary": SAYS[method.command],
            "messages": [_in_channel(method.command)],
            "reply": {"channel": channel, "messages": replies},
        }
    return operations


def _answers(method: Method) -> list[str]:
    if isinstance(method.answer, QueryAnswer):
        return [method.answer.message.__name__]
    if isinstance(method.answer, QueryAnswerBy):
        return [answer.message.__name__ for answer in method.answer.of.values()]
    return []


def _schemas(commands: Iterable[Method]) -> Json:
    """Every body and every part of one, by the struct's name; commands by the wire's."""
    bodies = [cls for cls in MESSAGES.values() if not issubclass(cls, ArrayMessage)]
    items = [cls.__annotations__["items"] for cls in MESSAGES.values() if cls not in bodies]
    _, schemas = msgspec.json.schema_components([*bodies, *items], ref_template=_SCHEMAS)
    require_columns(schemas[CallbackRequest.__name__])
    asks = [method.ask for method in commands]
    _, asked = msgspec.json.schema_components(asks, ref_template=_SCHEMAS)
    for ask in asks:
        schema = asked.pop(ask.__name__)
        schema["properties"] = {"claz": {"const": "web"}, **schema["properties"]}
        schema["required"] = ["claz", *schema["required"]]
        command = str(ask.__struct_config__.tag)
        asked[command] = {**schema, "title": command, "description": SAYS[command]}
    both = schemas.keys() & asked.keys()
    if both:
        raise TypeError(f"two schemas are called {', '.join(both)}")
    return {name: _plain(schema) for name, schema in {**schemas, **asked}.items()}


def _messages(commands: Iterable[Method]) -> Json:
    messages = {name: _told(name, cls) for name, cls in MESSAGES.items()}
    for method in commands:
        messages[method.command] = {
            "title": method.command,
            "summary": SAYS[method.command],
            "payload": {"$ref": _SCHEMAS.format(name=method.command)},
        }
    messages[_PING] = {
        "title": _PING,
        "payload": {
            "type": "object",
            "properties": {"claz": {"const": "ping"}},
            "required": ["claz"],
        },
    }
    return messages


def _told(name: str, cls: type[Message]) -> Json:
    (body,), _ = msgspec.json.schema_components(
        [cls.__annotations__["items"] if issubclass(cls, ArrayMessage) else cls],
        ref_template=_SCHEMAS,
    )
    return {
        "title": name,
        "summary": (cls.__doc__ or "").strip().splitlines()[0],
        "payload": {
            "type": "object",
            "properties": {
                "msgType": {"const": name},
                "ctiMessage": body,
                "position": {"type": "integer", "description": "only with resume=1"},
            },
            "required": ["msgType", "ctiMessage"],
        },
    }


def _plain(schema: Any) -> Any:
    """A schema with its patterns as JSON Schema writes them, not as Python does."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _plain(value) for key, value in schema.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = made["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    return made
