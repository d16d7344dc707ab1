"""The sessions that an edge has as it begins a feed, in slices.

There may be thousands of them, with dozens of topics each, and most topics are those of many. So
each topic is named once, and sessions refer to it by its number. And both sides take a slice in one
turn of the loop, others between.
"""

from collections.abc import Hashable, Iterable, Iterator

from xucd.cluster import packets as pk
from xucd.cti.streams.topics import encode_topic

SLICE = 4000
"""How much a slice has: a topic of a session counts 1."""
SESSION = 40
"""What a session counts besides its topics."""

Before = tuple[pk.SessionOpened, Iterable[Hashable]]
"""A session, and the topics that it gets."""


def in_slices(
    sessions: Iterable[Before], named: dict[int, Hashable]
) -> Iterator[pk.SessionsBefore]:
    """The slices, each made when it is asked for; `named` gets the topics by their numbers."""
    numbers: dict[Hashable, int] = {}
    found = pk.SessionsBefore([], [], ends=False)
    size = 0
    for opened, topics in sessions:
        for topic in topics:
            if topic not in numbers:
                number = numbers[topic] = len(numbers) + 1
                named[number] = topic
                found.names.append(encode_topic(topic))
        of_session = [numbers[topic] for topic in topics]
        found.sessions.append(pk.SessionBefore(opened, of_session))
        size += SESSION + len(of_session)
        if size >= SLICE:
            yield found
            found, size = pk.SessionsBefore([], [], ends=False), 0
    found.ends = True
    yield found
