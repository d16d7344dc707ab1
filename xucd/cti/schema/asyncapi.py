"""The WebSocket protocol as an AsyncAPI 3 document, made from the structs of every message.

Read it from xucd's side: it receives the commands and sends the messages.
"""

import functools
import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

from xucd import __version__
from xucd.center.callee import require_columns
from xucd.cti.commands import QueryAnswer, QueryAnswerBy
from xucd.cti.messages import MESSAGES, ArrayMessage, CallbackRequest, CommandResult, Message
from xucd.cti.schema.commands import Method, doc, methods

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/{name}"
_SEND = "tell"
_PING = "ping"
_DESCRIPTION = """\
One JSON object per text frame. A client sends commands and, every few seconds, a ping, which \
xucd echoes; xucd sends messages. A command with a `requestId` is answered by a `CommandResult` \
once Asterisk has carried it out; the answer to a query comes before that. With `resume=1` in \
the address each message carries its `position`, and a client that lost its link continues its \
stream with `epoch` and `position`. Numbers may also be sent as decimal strings."""


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
    """All but the server; shared, and not to be changed."""
    commands = list(methods())
    names = [*MESSAGES, *(method.command for method in commands), _PING]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "xucd", "version": __version__, "description": _DESCRIPTION},
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
                    "description": "A token from `POST /xuc/api/2.0/auth/login`.",
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
            "token": {**text, "description": "Authenticates the client."},
            "resume": {
                **text,
                "enum": ["1"],
                "description": "Number the messages.",
            },
            "epoch": {**text, "description": "The stream to continue."},
            "position": {**text, "description": "The last position seen in that stream."},
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
        _SEND: {
            "action": "send",
            "channel": channel,
            "summary": "Receive the answers to commands, and the events subscribed to.",
            "messages": [_in_channel(name) for name in MESSAGES],
        },
        _PING: {
            "action": "receive",
            "channel": channel,
            "summary": "Keep the link alive: xucd echoes the ping at once.",
            "messages": [_in_channel(_PING)],
            "reply": {"channel": channel, "messages": [_in_channel(_PING)]},
        },
    }
    for method in commands:
        replies = [_in_channel(CommandResult.__name__), *map(_in_channel, _answers(method))]
        operations[method.command] = {
            "action": "receive",
            "channel": channel,
            **_texts(method.text),
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
    """All bodies and their parts by the name of the struct; commands by their wire name."""
    bodies = [cls for cls in MESSAGES.values() if not issubclass(cls, ArrayMessage)]
    items = [cls.__annotations__["items"] for cls in MESSAGES.values() if cls not in bodies]
    _, schemas = msgspec.json.schema_components([*bodies, *items], ref_template=_SCHEMAS)
    require_columns(schemas[CallbackRequest.__name__])
    structs = [method.struct for method in commands]
    _, received = msgspec.json.schema_components(structs, ref_template=_SCHEMAS)
    for method in commands:
        schema = received.pop(method.struct.__name__)
        schema["properties"] = {"claz": {"const": "web"}, **schema["properties"]}
        schema["required"] = ["claz", *schema["required"]]
        received[method.command] = {**schema, "title": method.command}
    both = schemas.keys() & received.keys()
    if both:
        raise TypeError(f"two schemas are called {', '.join(both)}")
    return {name: _plain(schema) for name, schema in {**schemas, **received}.items()}


def _messages(commands: Iterable[Method]) -> Json:
    messages = {name: _sent(name, cls) for name, cls in MESSAGES.items()}
    for method in commands:
        messages[method.command] = {
            "title": method.command,
            **_texts(method.text),
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


def _sent(name: str, cls: type[Message]) -> Json:
    (body,), _ = msgspec.json.schema_components(
        [cls.__annotations__["items"] if issubclass(cls, ArrayMessage) else cls],
        ref_template=_SCHEMAS,
    )
    return {
        "title": name,
        **_texts(doc(cls)),
        "payload": {
            "type": "object",
            "properties": {
                "msgType": {"const": name},
                "ctiMessage": body,
                "position": {"type": "integer", "description": "Only with `resume=1`."},
            },
            "required": ["msgType", "ctiMessage"],
        },
    }


def _texts(text: str) -> Json:
    """A summary, which is the text's first sentence, and a description if there is more to say."""
    summary, _, rest = text.partition("\n")
    return {"summary": summary, "description": rest.strip()} if rest else {"summary": summary}


def _plain(schema: Any) -> Any:
    """A schema with patterns in the syntax of JSON Schema, and docstrings without indentation."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _plain(value) for key, value in schema.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = made["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(made.get("description"), str):
        made["description"] = inspect.cleandoc(made["description"])
    return made
