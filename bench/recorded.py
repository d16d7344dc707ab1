"""The recorded queue call, played to a whole centre: what the fan-out's measurement sends.

The same bytes of AMI, decoded, applied and told anew in every round, lead to the same messages;
`messages` has them as they will be, for the side that sends them ready-made.
"""

import asyncio
import functools
from collections.abc import Hashable, Iterable, Iterator

from bench.events import TRACE, directory
from xucd.ami.events import decode
from xucd.center.center import Center
from xucd.center.intents import Intent
from xucd.center.rules.table import apply
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.context import Context, Options
from xucd.cti.hub import Hub
from xucd.cti.messages import Message, StatusAction, UserStatus, encode
from xucd.publishing.changes import Publisher
from xucd.views import topics

CALLS = 60
"""How often the call is played in a round."""
SECRET = b"only for measuring, never for use."
GENERATION = "of the only sign-in"
HEARD = (topics.AGENT_STATES, topics.QUEUE_MEMBERS)
"""What clients subscribe to."""
_READY = StatusAction(name="queueunpause_all", parameters="true")
_STATUSES = (
    UserStatus(name="available", long_name="Available", color="#9BC920", actions=[_READY]),
)


Published = tuple[list[Hashable], Message]


class _Noting(Hub):
    """A hub without clients that notes what such clients would hear."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.noted: list[Published] = []

    def has_subscribers(self, told: Iterable[Hashable]) -> bool:
        return any(isinstance(topic, tuple) and topic[0] in HEARD for topic in told)

    def publish(self, told: Iterable[Hashable], body: Message) -> None:
        told = list(told)
        if self.has_subscribers(told):
            self.noted.append((told, body))


def play(hub: Hub) -> Iterator[None]:
    """Take in one event after the other, all of xucd's work included, from block to hub."""
    now = 0.0
    center = Center(directory(), now, midnight_after=lambda _: 1e18)

    async def send(intent: Intent) -> None:
        """No command runs here, so nothing is sent."""

    context = Context(
        center=center,
        asterisk=AsteriskRequests(send, timeout=1.0, started_at=now),
        journal=None,  # type: ignore[arg-type]
        hub=hub,
        options=Options(statuses=_STATUSES),
        now=lambda: now,
        publish=lambda: None,
    )
    publisher = Publisher(context)
    blocks = [raw for raw in TRACE.read_bytes().split(b"\r\n\r\n") if raw.startswith(b"Event: ")]
    for raw in blocks * CALLS:
        event = decode(raw)
        if event is not None:
            now += 0.001
            apply(center, event, now)
            publisher.publish(center.drain()[0])
            context.asterisk.check_waiting()
            yield


@functools.cache
def told() -> list[Published]:
    """Every message of a round, in order, with the topics to which it is published."""

    async def note() -> list[Published]:
        hub = _Noting(asyncio.get_running_loop())
        for _ in play(hub):
            pass
        return hub.noted

    return asyncio.run(note())


def messages() -> list[bytes]:
    """Every message of a round, encoded, in order."""
    return [encode(body) for _, body in told()]
