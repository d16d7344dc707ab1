"""The socket writers that each topic's messages go to: its audience."""

from collections.abc import Callable, Hashable, Iterable

from xucd.cti.socket_writer import SocketWriter


class Audiences:
    """The audience of each topic. One that is in use, says `uses`, is copied for a change.

    Otherwise, who subscribes in a turn would be sent what was published before in that turn.
    """

    def __init__(self, uses: Callable[[set[SocketWriter]], bool]) -> None:
        self._uses = uses
        self._members: dict[Hashable, set[SocketWriter]] = {}

    def __contains__(self, topic: Hashable) -> bool:
        return topic in self._members

    def add(self, topic: Hashable, writer: SocketWriter) -> None:
        """Take a writer into a topic's audience. Idempotent."""
        self._to_change(topic).add(writer)

    def discard(self, topic: Hashable, writer: SocketWriter) -> None:
        """Take a writer out of a topic's audience. Idempotent."""
        if topic not in self._members:
            return
        members = self._to_change(topic)
        members.discard(writer)
        if not members:
            del self._members[topic]

    def of(self, topics: Iterable[Hashable]) -> list[set[SocketWriter]]:
        """Disjoint audiences, of all who are in that of any of these topics.

        They are the topics' own sets where possible: it is by being the same set that several
        messages are known to go to the same clients.
        """
        found = [members for topic in topics if (members := self._members.get(topic))]
        if len(found) < 2:
            return found
        found.sort(key=len, reverse=True)
        disjoint = found[:1]
        for members in found[1:]:
            rest = members
            for other in disjoint:
                if not rest.isdisjoint(other):
                    rest = rest - other
            if rest:
                disjoint.append(rest)
        return disjoint

    def _to_change(self, topic: Hashable) -> set[SocketWriter]:
        members = self._members.get(topic)
        if members is None:
            members = self._members[topic] = set()
        elif self._uses(members):
            members = self._members[topic] = members.copy()
        return members
