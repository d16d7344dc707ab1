"""An Asterisk on a real AMI port that is played by the load, and the recorded call that it plays.

The bytes are a recorded queue call's, as they came through the event filter, in the names of many
agents, queues and callers at once, and without its wrap-up: xucd would end it by itself, at
moments that no round has in common with the next one. What the measured program asks for is
answered and told as `integration/pages/busy.py` does it; here without a loop of its own, so that
the process that reads what clients get also says when Asterisk's next bytes come.
"""

import functools
import re
import select
import socket

from bench.events import directory
from integration.pages.busy import TRACE, BusyAsterisk, Place, Size, recorded
from integration.pages.busy import Block as Action
from xucd.ami.events import decode
from xucd.center.center import Center
from xucd.center.changes import AgentChanged
from xucd.center.rules.table import apply

AT_ONCE = 80
"""How many calls are under way at each moment of the traffic, if there are agents enough."""
PROBE = b'"probe-'
"""What a probe's number follows, in the messages of xucd and of its peers alike."""
Event = tuple[bytes, bool]
"""An event as Asterisk says it, and whether clients who follow agents are told of it."""


class CalmSize(Size):
    """A centre whose queues have no wrap-up."""

    def center(self) -> str:
        """The contact centre's file."""
        return re.sub(r"wrapup = \d+", "wrapup = 0", super().center())


class WideSize(CalmSize):
    """A centre whose agents are each in many queues."""

    def __init__(self, agents: int, queues: int, each: int) -> None:
        super().__init__(agents, queues, groups=20)
        self.places = [
            Place(place.number, tuple((place.number + step) % queues + 1 for step in range(each)))
            for place in self.places
        ]


class PlayedAsterisk(BusyAsterisk):
    """What speaks AMI in Asterisk's place, to one program. `waiting` is what it has yet to take."""

    def __init__(self, size: Size) -> None:
        super().__init__(size)
        self._phases = without_wrapup()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.waiting = bytearray()
        self._link: socket.socket | None = None
        self._heard = b""

    @property
    def prober(self) -> str:
        """The phone of the agent whose pauses are the probes; it takes no calls."""
        return self.places[-1].interface

    def probe(self, number: int) -> bytes:
        """What Asterisk says of a pause with this number in its reason: one to each client."""
        held, self.waiting = self.waiting, bytearray()
        self._pause(self.prober, "1", f"probe-{number:06}")
        said, self.waiting = bytes(self.waiting), held
        return said

    @property
    def events_of_a_call(self) -> int:
        """How many events tell of a call, from its beginning to its end."""
        return sum(map(len, audible()))

    def traffic(self, calls: int) -> list[Event]:
        """The events of so many calls, many of them under way at once, one after the other."""
        # An agent's next call comes after its last one.
        half = max(1, min(AT_ONCE, len(self.places) - 2) // 2)
        turns: list[list[Event]] = [[] for _ in range(calls + 2 * half)]
        told = audible()
        for number in range(calls):
            place = self.places[number % (len(self.places) - 1)]
            for at, phase in enumerate(self._phases):
                named = _blocks(self._named(phase, place, number + 1))
                turns[number + at * half] += zip(named, told[at], strict=True)
        return [event for turn in turns for event in turn]

    # --- The port

    def register(self, poll: select.epoll) -> None:
        """Have the port waited for."""
        poll.register(self.listener, select.EPOLLIN)

    def serve(self, fd: int, poll: select.epoll) -> None:
        """Take a connection, or answer what was asked."""
        if fd == self.listener.fileno():
            self._link, _ = self.listener.accept()
            self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._link.setblocking(False)
            poll.register(self._link, select.EPOLLIN)
            self._say("Asterisk Call Manager/11.0.0\r\n")
        elif self._link is not None:
            self._take(self._link)
        self.push()

    def push(self) -> None:
        """Give the program as much as it takes now of what is waiting for it."""
        if self._link is not None and self.waiting:
            try:
                sent = self._link.send(self.waiting)
            except BlockingIOError:
                return
            except ConnectionError:
                self._hang_up(self._link)
                return
            del self.waiting[:sent]

    def _take(self, link: socket.socket) -> None:
        try:
            got = link.recv(65536)
        except ConnectionError:
            got = b""
        if not got:
            self._hang_up(link)
            return
        *actions, self._heard = (self._heard + got).split(b"\r\n\r\n")
        for raw in actions:
            lines = (line.partition(":") for line in raw.decode().split("\r\n"))
            self._answer(_complete({key: value.strip() for key, _, value in lines}))

    def _hang_up(self, link: socket.socket) -> None:
        link.close()  # which also ends the waiting for it
        self._link, self._heard = None, b""
        self.waiting.clear()

    def _say(self, blocks: str) -> None:
        self.waiting += blocks.encode()


def _complete(action: Action) -> Action:
    """The action with what not every program sends."""
    return {"ActionID": "", **{_KEYS.get(key.lower(), key): text for key, text in action.items()}}


# Node's asterisk-manager writes all headers in lower case.
_KEYS = {"action": "Action", "actionid": "ActionID", "interface": "Interface", "paused": "Paused"}


def pieces(events: list[Event], per_turn: int) -> list[bytes]:
    """The events cut after each so many of which clients are told."""
    found, piece, told = [], bytearray(), 0
    for event, is_told in events:
        piece += event
        told += is_told
        if told == per_turn:
            found.append(bytes(piece))
            piece, told = bytearray(), 0
    return [*found, bytes(piece)] if piece else found


@functools.cache
def audible() -> list[list[bool]]:
    """Of each event of the recorded call, by its three parts, whether an agent's state changes."""
    center = Center(directory(wrapup=0), 0.0, midnight_after=lambda _: 1e18)
    whole = TRACE.read_text().split("\n\n")
    before = [block.replace("\n", "\r\n").encode() for block in whole if "MemberAdded" in block]

    def changes(raw: bytes) -> bool:
        event = decode(raw.strip())
        if event is not None:
            apply(center, event, 1.0)
        return any(isinstance(change, AgentChanged) for change in center.drain()[0])

    for block in before:
        changes(block)
    return [[changes(block) for block in _blocks(phase)] for phase in without_wrapup()]


def without_wrapup() -> tuple[str, str, str]:
    """The recorded call's three parts as they are where nobody is paused after a call."""
    ring, answer, end = (
        "".join(
            f"{block}\r\n\r\n"
            for block in part.replace("Paused: 1", "Paused: 0").split("\r\n\r\n")
            if block and "Event: QueueMemberPause" not in block
        ).replace("PausedReason: xucd-wrapup", "PausedReason: ")
        for part in recorded()
    )
    return ring, answer, end


def _blocks(text: str) -> list[bytes]:
    return [f"{block}\r\n\r\n".encode() for block in text.split("\r\n\r\n") if block]
