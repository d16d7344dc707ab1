"""Which numbers of a dialplan lead to its queues.

`Queue()` names its queue outright or by variables; the step may stand in the number's own
extension, or where that one goes to. A number that leads to several queues is the first one's.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from xucd.center.directory import folded
from xucd.tools.dialplan import NUMBER, Place
from xucd.tools.dialplan_texts import spelling
from xucd.tools.dialplan_ways import Way, Ways


class Leads(msgspec.Struct, frozen=True):
    """To which queues a number leads, and by how many jumps to the first.

    The queues are in the order in which a call comes to them. `decided` says that a condition, such
    as a time of day, decides which it is.
    """

    queues: tuple[str, ...]
    hops: int
    decided: bool


def queue_numbers(ways: Ways, queues: Iterable[str]) -> dict[Place, Leads]:
    """The numbers that lead to queues, those with the fewest jumps and digits first."""
    known = {folded(queue): queue for queue in queues}
    found: dict[Place, dict[str, Way]] = {}
    for way in ways.to("queue"):
        for number, queue in _numbers(ways, way, known):
            best = found.setdefault(number, {})
            if queue not in best or way.rank < best[queue].rank:
                best[queue] = way
    numbers = {number: _leads(by_queue) for number, by_queue in found.items()}
    return {
        number: numbers[number]
        for number in sorted(numbers, key=lambda n: (numbers[n].hops, len(n.exten), n))
    }


def steps_of(ways: Ways, queues: Iterable[str]) -> set[Place]:
    """The extensions with a `Queue()` that may be one of these queues."""
    known = {folded(queue): queue for queue in queues}
    return {
        way.step
        for way in ways.to("queue")
        if folded(way.said) in known or any(True for _ in _numbers(ways, way, known))
    }


def _leads(by_queue: Mapping[str, Way]) -> Leads:
    queues = sorted(by_queue, key=lambda queue: by_queue[queue].rank)
    first, *others = (by_queue[queue] for queue in queues)
    # What is decided only behind the first queue, as by its QUEUESTATUS, leaves that the first.
    several = first.decided or any(
        way.rank == first.rank  # another one of a variable's values
        or (way.decided and way.path < first.path)
        for way in others
    )
    return Leads(tuple(queues), first.hops, bool(others) and several)


def _numbers(ways: Ways, way: Way, known: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """The numbers of a way, with the queue that each leads to."""
    place = way.place
    if NUMBER.fullmatch(place.exten):
        queue = known.get(folded(way.said))
        if queue is not None:
            yield place, queue
    elif spelled := spelling(place.exten, way.said):
        # Of a pattern, the numbers are those that make up queues' names.
        for queue in known.values():
            exten = spelled.exten_for(queue)
            if exten and NUMBER.fullmatch(exten) and ways.resolved(place.context, exten) == place:
                yield Place(place.context, exten), queue
