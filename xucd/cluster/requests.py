"""Requests over HTTP on a feed: an edge's user sends them, the owner answers.

Long ones are divided, and so are answers. A part is sent when the one before has arrived: so what
else is on the feed waits for one part at most, and an import never fills the backlog of a link.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from xucd.center.refused import Refused
from xucd.cluster import packets as pk

PART = 256 * 1024

Ask = Callable[[Callable[[int, float], pk.Item]], Awaitable[Any]]
"""Has the owner do something, given an item with this number and last moment to begin."""


async def served_by_owner(ask: Ask, number: int, sender: pk.RequestSender, request: bytes) -> bytes:
    """The owner's answer to a request of this number. Raises `Refused` with `PbxUnavailable`."""
    *parts, last = _divided(request)
    try:
        for part in parts:
            await ask(partial(_part, number, part))
    except Refused:
        raise unavailable() from None  # whatever became of a part, the owner has begun nothing
    answered: pk.RequestAnswered = await ask(
        lambda command, until: pk.RequestAsked(command, number, until, sender, last)
    )
    answer = [answered.part]
    try:
        while not answered.ends:
            answered = await ask(lambda command, _: pk.AnswerAwaited(command, number))
            answer.append(answered.part)
    except Refused:
        raise lost() from None
    return b"".join(answer)


def _part(request: int, part: bytes, command: int, _until: float) -> pk.Item:
    return pk.RequestPart(command, request, part)


class Requests:
    """The requests of one edge at the owner: what of them has come, and what is yet to be sent."""

    def __init__(self) -> None:
        self._parts: dict[int, list[bytes]] = {}
        self._answers: dict[int, deque[bytes]] = {}

    def keep(self, item: pk.RequestPart) -> None:
        """Keep a part until the rest is there."""
        self._parts.setdefault(item.request, []).append(item.part)

    def whole(self, item: pk.RequestAsked) -> bytes:
        """A request, as its last part has come."""
        return b"".join([*self._parts.pop(item.request, ()), item.part])

    def answer(self, item: pk.RequestAsked, answer: bytes) -> pk.RequestAnswered:
        """The first part of an answer; the edge asks for the others."""
        self._answers[item.request] = deque(_divided(answer))
        return self.next_part(item)

    def next_part(self, item: pk.RequestAsked | pk.AnswerAwaited) -> pk.RequestAnswered:
        """The next part of an answer."""
        parts = self._answers[item.request]
        part = parts.popleft()
        if not parts:
            del self._answers[item.request]
        return pk.RequestAnswered(item.command, part, not parts)


def _divided(data: bytes) -> list[bytes]:
    return [data[begin : begin + PART] for begin in range(0, len(data), PART)] or [b""]


def unavailable() -> Refused:
    """The refusal of what was not begun, since the owner is not there."""
    return Refused("PbxUnavailable", "The telephone system cannot be reached; nothing was done.")


def lost() -> Refused:
    """The refusal of what may have been done: the owner was lost before it said so."""
    refusal = Refused(
        "PbxUnavailable",
        "The telephone system was lost before it answered; look whether it was done.",
    )
    refusal.partly = True
    return refusal
