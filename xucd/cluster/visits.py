"""What two owners of PBXs tell each other of agents of the one in queues of the other.

The *host* has the queues, the *home* has the agents. The host begins a feed (numbered as in
`xucd.cluster.packets`); the home tells all of its agents that are to be there, and each change from
then on, whole. When a packet is missing, or nothing is heard, the feed is over and the host begins
another. Over the same feed the home asks of a call that the host sent it, by the call's id there,
and for its recording to be paused.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import structlog

from xucd.center.agent import Recording
from xucd.center.refused import Refused
from xucd.center.visitors import Visitor
from xucd.cluster import packets as pk
from xucd.cluster import visit_items as vi
from xucd.cluster.requests import lost, unavailable
from xucd.cluster.schema import OLDEST, SCHEMA, ItemReader, agreed

SILENCE_S = 3.0
"""After so long without a word of a home nobody knows what its agents do."""

GONE_S = 10.0
"""After so long without a word of a host, nothing is told it any more."""

BEGIN_S = 0.5
"""So long lies between the beginnings of two feeds."""

ASK_S = 0.3
"""How long a home waits for what a host knows of a call: its phone does not ring meanwhile."""

AGAIN = 10
"""At each such tick, all is looked at again: whatever was missed is put right."""

PAUSE_S = 5.0
"""How long a home waits until a host has paused a recording."""

log = structlog.get_logger()


_of_host, _of_home = ItemReader(vi.FromHost), ItemReader(vi.FromHome)


class CallData(NamedTuple):
    """What a host knows of a call: its ``USR_`` variables, and its sheet as it is written down."""

    variables: Mapping[str, str]
    sheet: str = ""


class _Receiving(pk.Receiving):
    def __init__(self, feed: str, reader: ItemReader) -> None:
        super().__init__(feed, of_edge=True)
        self._reader = reader


Send = Callable[[bytes], bool]
"""Sends a packet to the other owner; False when it cannot."""


class HostParts(NamedTuple):
    """What a host does with what a home tells, and what it knows of a call by its linked id.

    Of a call, `ways` are its channels to the home, by which `recording` and `pause` know it; there
    is no recording, None, once they are gone. `is_current` says whether what is known of calls is
    Asterisk's state. `pause` raises `Refused`.
    """

    told: Callable[[Visitor], None]
    left: Callable[[int], None]
    whole: Callable[[set[int]], None]
    lost: Callable[[], None]
    call: Callable[[str], CallData]
    ways: Callable[[str], list[str]]
    recording: Callable[[list[str]], Recording | None]
    pause: Callable[[list[str], bool], Coroutine[Any, Any, None]]
    is_current: Callable[[], bool]


class _Watched(msgspec.Struct):
    """A call that a home has asked about: its channels, and what was said of its recording."""

    ways: list[str]
    said: Recording | None = None


class HomeParts(NamedTuple):
    """What a home tells a host, and does with what it hears.

    `visitors` are all its agents that are to be there, `calls` the linked ids of the host's calls
    that are here. `is_current` says whether the state is Asterisk's, `recorded` is told whether a
    call is recorded.
    """

    visitors: Callable[[], Iterable[Visitor]]
    calls: Callable[[], Iterable[str]]
    is_current: Callable[[], bool]
    recorded: Callable[[str, Recording], None]


class VisitsHost:
    """The side that has the queues, of one home."""

    def __init__(
        self, home: str, parts: HostParts, send: Send, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.home = home
        self._parts = parts
        self._send = send
        self._loop = loop
        self._sending: pk.Sending | None = None
        self._receiving = _Receiving("", _of_home)
        self._told: set[int] = set()
        self._watched: dict[str, _Watched] = {}  # by the linked id that the home knows
        self._pausing: set[asyncio.Task[None]] = set()
        self._is_whole = self._is_heard = False
        self._heard_at = self._begun_at = -GONE_S
        self._refusal = ""

    def tick(self) -> None:
        """Begin a feed if there is none, and see whether the home is there."""
        now = self._loop.time()
        if self._sending is not None and now - self._heard_at > SILENCE_S:
            self.lose()
        if self._sending is None:
            if now - self._begun_at >= BEGIN_S:
                self._begin(now)
        else:
            self._say([vi.HostAlive()])

    def send_recordings(self) -> None:
        """Say what has changed of the recordings of calls that the home has asked about."""
        if not self._parts.is_current():
            return
        for linked_id, watched in list(self._watched.items()):
            watched.ways = watched.ways or self._parts.ways(linked_id)
            recording = self._parts.recording(watched.ways)
            if recording is None:
                if watched.ways:  # it has ended
                    del self._watched[linked_id]
            elif recording != watched.said:
                watched.said = recording
                self._say([vi.CallRecorded(linked_id, recording)])

    def lose(self) -> None:
        """The feed is over."""
        self._sending = None
        self._unheard()

    def receive(self, data: bytes) -> None:
        """Take a packet of the home's owner."""
        try:
            packet = pk.read(data)
            if self._sending is None or packet.feed != self._receiving.feed:
                return
            items = self._receiving.items(packet)
        except pk.FeedRefused as refusal:
            if str(refusal) != self._refusal:
                self._refusal = str(refusal)
                log.error("another PBX's owner tells nothing", pbx=self.home, reason=self._refusal)
            self.lose()
            return
        except pk.FeedOver:
            self.lose()
            return
        self._heard_at = self._loop.time()
        for item in items:
            self._take(item)

    def _begin(self, now: float) -> None:
        feed = pk.new_feed()
        self._sending, self._receiving = pk.Sending(feed), _Receiving(feed, _of_home)
        self._told, self._is_whole = set(), False
        self._watched = {}
        self._begun_at = self._heard_at = now
        self._say([vi.VisitorsWanted(SCHEMA, OLDEST)])

    def _take(self, item: vi.FromHome) -> None:
        match item:
            case vi.HomeBeat(is_current):
                self._beat(is_current=is_current)
            case vi.VisitorTold(visitor):
                self._told.add(visitor.agent_id)
                self._parts.told(visitor)
            case vi.VisitorLeft(agent_id):
                self._told.discard(agent_id)
                self._parts.left(agent_id)
            case vi.VisitorsWhole():
                self._is_whole = True
                self._refusal = ""
            case vi.CallAsked(number, linked_id):
                if number:
                    known = self._parts.call(linked_id)
                    self._say([vi.CallKnown(number, dict(known.variables), known.sheet)])
                before = self._watched.get(linked_id)
                self._watched[linked_id] = _Watched(before.ways if before is not None else [])
                self.send_recordings()
            case vi.PauseAsked():
                task = self._loop.create_task(self._pause(item))
                self._pausing.add(task)
                task.add_done_callback(self._pausing.discard)

    async def _pause(self, asked: vi.PauseAsked) -> None:
        code = text = ""
        try:
            watched = self._watched.get(asked.linked_id)
            known = watched.ways if watched is not None else []
            ways = known or self._parts.ways(asked.linked_id)
            await self._parts.pause(ways, asked.paused)
        except Refused as refusal:
            code, text = refusal.code, refusal.text
        self._say([vi.PauseDone(asked.number, code, text)])

    def _beat(self, *, is_current: bool) -> None:
        if not self._is_whole:
            return
        if is_current and not self._is_heard:
            self._is_heard = True
            self._parts.whole(self._told)
        elif not is_current:
            self._unheard()

    def _unheard(self) -> None:
        if self._is_heard:
            self._is_heard = False
            self._parts.lost()

    def _say(self, items: list[vi.FromHost]) -> None:
        _say(self._sending, items, self._send, self.lose)


class VisitsHome:
    """The side that has the agents, of one host."""

    def __init__(self, parts: HomeParts, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self._parts = parts
        self._send = send
        self._loop = loop
        self._sending: pk.Sending | None = None
        self._receiving = _Receiving("", _of_host)
        self._told: dict[int, Visitor] = {}
        self._heard_at = 0.0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._calls: set[str] = set()  # those that were asked about
        self._ticks = 0
        self._last_number = 0

    def send(self, agent_id: int, visitor: Visitor | None) -> None:
        """What an agent is to be at the host, None for nothing; said if it is another than was."""
        if self._sending is None or self._told.get(agent_id) == visitor:
            return
        if visitor is None:
            del self._told[agent_id]
            self._say([vi.VisitorLeft(agent_id)])
        else:
            self._told[agent_id] = visitor
            self._say([vi.VisitorTold(visitor)])

    def send_all(self) -> None:
        """Tell of all that may be other by now."""
        visitors = {visitor.agent_id: visitor for visitor in self._parts.visitors()}
        for agent_id in self._told.keys() | visitors.keys():
            self.send(agent_id, visitors.get(agent_id))

    def tick(self) -> None:
        """Let the host know that this home is there, and which of its calls are here."""
        if self._sending is not None and self._loop.time() - self._heard_at > GONE_S:
            self._over()
        if self._sending is None:
            return
        self._ticks += 1
        if self._ticks % AGAIN == 0:
            self._calls.clear()
            self.send_all()
        calls = set(self._parts.calls())
        asked = [vi.CallAsked(0, linked_id) for linked_id in sorted(calls - self._calls)]
        self._calls = calls
        self._say([vi.HomeBeat(self._parts.is_current()), *asked])

    async def ask(self, linked_id: str) -> CallData | None:
        """What the host knows of a call of its queues; None if it does not say so in time."""
        if self._sending is None:
            return None
        try:
            known: CallData = await self._answer(
                lambda number: vi.CallAsked(number, linked_id), ASK_S
            )
        except (TimeoutError, _Over):
            return None
        self._calls.add(linked_id)
        return known

    async def pause(self, linked_id: str, *, paused: bool) -> None:
        """Have the recording of a call paused at the host, or gone on with.

        Raises `Refused`: as the host's Asterisk does, or with `PbxUnavailable`.
        """
        if self._sending is None:
            raise unavailable()
        try:
            done: vi.PauseDone = await self._answer(
                lambda number: vi.PauseAsked(number, linked_id, paused), PAUSE_S
            )
        except (TimeoutError, _Over):
            raise lost() from None
        if done.code:
            raise Refused(done.code, done.text)

    async def _answer(self, make: Callable[[int], vi.FromHome], seconds: float) -> Any:
        """What the host answers to an item that is made with a number. Raises `_Over`."""
        self._last_number += 1
        number = self._last_number
        answer = self._asked[number] = self._loop.create_future()
        self._say([make(number)])
        try:
            async with asyncio.timeout(seconds):
                return await answer
        finally:
            del self._asked[number]

    def receive(self, data: bytes) -> None:
        """Take a packet of the host's owner."""
        try:
            packet = pk.read(data)
        except pk.FeedOver:
            return
        if packet.feed != self._receiving.feed:
            if packet.number != 0:  # of a feed that is over, or was before this start
                self._refuse(packet.feed, "")
                return
            self._over()
            self._receiving = _Receiving(packet.feed, _of_host)
        try:
            items = self._receiving.items(packet)
        except pk.FeedOver:
            self._over()
            self._refuse(packet.feed, "")
            return
        self._heard_at = self._loop.time()
        for item in items:
            match item:
                case vi.VisitorsWanted():
                    self._begin(packet.feed, item)
                case vi.CallKnown(number, variables, sheet):
                    self._answered(number, CallData(variables, sheet))
                case vi.PauseDone(number):
                    self._answered(number, item)
                case vi.CallRecorded(linked_id, recording):
                    self._parts.recorded(linked_id, recording)

    def _answered(self, number: int, answer: object) -> None:
        asked = self._asked.get(number)
        if asked is not None and not asked.done():
            asked.set_result(answer)

    def _begin(self, feed: str, wanted: vi.VisitorsWanted) -> None:
        if agreed(wanted.oldest, wanted.schema) is None:
            text = f"it speaks schema {SCHEMA}, and this one {wanted.schema}: upgrade the older one"
            self._refuse(feed, text)
            return
        self._sending = pk.Sending(feed)
        self._told = {visitor.agent_id: visitor for visitor in self._parts.visitors()}
        told = [vi.VisitorTold(visitor) for visitor in self._told.values()]
        self._say([*told, vi.VisitorsWhole(), vi.HomeBeat(self._parts.is_current())])

    def _refuse(self, feed: str, text: str) -> None:
        self._send(pk.over(feed, text))

    def _over(self) -> None:
        self._sending = None
        self._told, self._calls = {}, set()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(_Over())

    def _say(self, items: list[vi.FromHome]) -> None:
        _say(self._sending, items, self._send, self._over)


class _Over(Exception):
    """The feed is over: what was asked will not be answered."""


def _say(
    sending: pk.Sending | None, items: list[Any], send: Send, lose: Callable[[], None]
) -> None:
    if sending is None:
        return
    for packet in sending.packets(items):
        if not send(packet):
            lose()
            return
