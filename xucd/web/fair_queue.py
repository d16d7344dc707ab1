"""A queue that is fair among lanes: each lane in turn gives its oldest item.

A lane is an address, for instance: one that brings hundreds of items delays another by one turn of
each lane at most. The number of items is bounded in each lane and in all; when all is full, the
longest lane loses its newest item, rather than a short one its first.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Items by lane; at most `lane_limit` in one lane, and `limit` in all."""

    def __init__(self, lane_limit: int, limit: int) -> None:
        self._lane_limit = lane_limit
        self._limit = limit
        self._lanes: OrderedDict[Hashable, deque[T]] = OrderedDict()  # the next to serve first
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, lane: Hashable, item: T) -> T | None:
        """Add an item; returns the one that had to give way, which may be the same."""
        items = self._lanes.get(lane)
        if items is not None and len(items) >= self._lane_limit:
            return item
        if items is None:
            items = self._lanes[lane] = deque()
        items.append(item)
        self._size += 1
        if self._size <= self._limit:
            return None
        longest = max(self._lanes, key=lambda name: len(self._lanes[name]))
        return self._take(longest, newest=True)

    def pop(self) -> T:
        """Take the next item. Raises `IndexError` when there is none."""
        if not self._lanes:
            raise IndexError("the queue is empty")
        lane = next(iter(self._lanes))
        self._lanes.move_to_end(lane)
        return self._take(lane, newest=False)

    def remove(self, lane: Hashable, item: T) -> None:
        """Take an item out of its lane, if it is still there."""
        items = self._lanes.get(lane)
        if items is not None and item in items:
            items.remove(item)
            self._shrunk(lane, items)

    def _take(self, lane: Hashable, *, newest: bool) -> T:
        items = self._lanes[lane]
        item = items.pop() if newest else items.popleft()
        self._shrunk(lane, items)
        return item

    def _shrunk(self, lane: Hashable, items: deque[T]) -> None:
        self._size -= 1
        if not items:
            del self._lanes[lane]
