"""A queue that is fair among groups, and within each among its lanes.

The groups are served in turn, and in each its lanes, each of which gives its oldest item. A group
is a network, for instance, and a lane an address: one that brings hundreds of items delays another
by one turn of each group at most. The number of items is bounded in each group and in all; when it
is reached, a longer lane loses its newest item to a new one, but no lane that is as short.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Group(Generic[T]):
    """The lanes of a group, the next to serve first, and how many items they have in all."""

    def __init__(self) -> None:
        self.lanes: OrderedDict[Hashable, deque[T]] = OrderedDict()
        self.size = 0

    def length(self, lane: Hashable) -> int:
        return len(self.lanes.get(lane, ()))

    def longest(self) -> Hashable:
        return max(self.lanes, key=self.length)


class FairQueue(Generic[T]):
    """Items by group and lane; at most `group_limit` in one group, and `limit` in all."""

    def __init__(self, group_limit: int, limit: int) -> None:
        self._group_limit = group_limit
        self._limit = limit
        self._groups: OrderedDict[Hashable, _Group[T]] = OrderedDict()  # the next to serve first
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, group: Hashable, lane: Hashable, item: T) -> T | None:
        """Add an item; returns the one that had to give way, which may be the same."""
        own = self._groups.get(group) or _Group()
        displaced = None
        if own.size >= self._group_limit or self._size >= self._limit:
            crowded = self._crowded(group, own, lane)
            if crowded is None:
                return item
            displaced = self._take(*crowded, newest=True)
        # Its group or lane may have given way.
        own = self._groups.setdefault(group, own)
        own.lanes.setdefault(lane, deque()).append(item)
        own.size += 1
        self._size += 1
        return displaced

    def pop(self) -> T:
        """Take the next item. Raises `IndexError` when there is none."""
        if not self._groups:
            raise IndexError("the queue is empty")
        name, group = next(iter(self._groups.items()))
        lane = next(iter(group.lanes))
        self._groups.move_to_end(name)
        group.lanes.move_to_end(lane)
        return self._take(name, lane, newest=False)

    def remove(self, group: Hashable, lane: Hashable, item: T) -> None:
        """Take an item out of its lane, if it is still there."""
        own = self._groups.get(group)
        items = own.lanes.get(lane) if own is not None else None
        if items is not None and item in items:
            items.remove(item)
            self._shrunk(group, lane)

    def _crowded(
        self, group: Hashable, own: _Group[T], lane: Hashable
    ) -> tuple[Hashable, Hashable] | None:
        """The lane that has to give way to a new item of `lane`; None if it is that one's turn."""
        # With as many groups as items, none has two.
        if own.size < self._group_limit and self._size > len(self._groups):
            largest = max(self._groups, key=lambda name: self._groups[name].size)
            if self._groups[largest].size > own.size + 1:
                return largest, self._groups[largest].longest()
        if own.lanes:
            longest = own.longest()
            if own.length(longest) > own.length(lane) + 1:
                return group, longest
        return None

    def _take(self, group: Hashable, lane: Hashable, *, newest: bool) -> T:
        items = self._groups[group].lanes[lane]
        item = items.pop() if newest else items.popleft()
        self._shrunk(group, lane)
        return item

    def _shrunk(self, name: Hashable, lane: Hashable) -> None:
        group = self._groups[name]
        self._size -= 1
        group.size -= 1
        if not group.lanes[lane]:
            del group.lanes[lane]
        if not group.size:
            del self._groups[name]
