"""Which edges an owner does not serve, and what it says of that: once, not at each attempt."""

from typing import NamedTuple

import structlog

from xucd.cluster import packets as pk
from xucd.cluster import schema

ALIVE_S = 3.0
"""An edge that was heard within these seconds is alive: it says something once a second."""

log = structlog.get_logger()


class ServedEdge(NamedTuple):
    """The edge of a name that has a feed, and when it was last heard."""

    hello: pk.Hello
    heard_at: float


class Refusals:
    """Judges edges by their hellos.

    An edge that is started again takes the place of the one before, which may not have been missed
    yet. If that one comes back nevertheless, there are two of one name. Then the one before is
    refused as long as the other is alive, or they would take each other's place without end.
    """

    def __init__(self) -> None:
        self._said: dict[str, str] = {}  # by node
        self._replaced: dict[str, set[str]] = {}  # the instances before the present one, by node

    def of(self, node: str, hello: pk.Hello, present: ServedEdge | None, now: float) -> str:
        """Why an edge is not served, and what is to be done; "" if it is served from now on."""
        reason = self._reason(node, hello, present, now)
        if not reason:
            self._serve(node, hello, present)
        elif self._said.get(node) != reason:
            self._said[node] = reason
            log.error("an edge is refused", node=node, reason=reason)
        return reason

    def _serve(self, node: str, hello: pk.Hello, present: ServedEdge | None) -> None:
        if present is None:
            self._replaced[node] = set()
            self._said.pop(node, None)
        elif present.hello.instance != hello.instance:
            self._replaced[node].add(present.hello.instance)
            self._replaced[node].discard(hello.instance)
            self._said.pop(node, None)

    def _reason(self, node: str, hello: pk.Hello, present: ServedEdge | None, now: float) -> str:
        if schema.agreed(hello.oldest, hello.schema) is None:
            return (
                f"the edge speaks {_schemas(hello.oldest, hello.schema)}, the owner of the PBX "
                f"{_schemas(schema.OLDEST, schema.SCHEMA)}: run the same version of xucd on both"
            )
        if hello.node != node:
            return f"the edge is called {hello.node}, and publishes to NATS as {node}"
        replaced = hello.instance in self._replaced.get(node, ())
        if replaced and present is not None and now - present.heard_at < ALIVE_S:
            hosts = " and ".join(sorted({hello.host, present.hello.host}))
            return f"two edges are called {node}, on {hosts}: give each a cluster.node of its own"
        return ""


def _schemas(oldest: int, newest: int) -> str:
    return f"schema {newest}" if oldest == newest else f"schemas {oldest} to {newest}"
