"""Agents in queues of other PBXs: *visitors* there, of whom their home tells what they are to be.

A visitor's member has a device of its own, whose state follows the agent's phone. It may lag: the
home is asked before the phone rings (docs/adr/0022-queues-of-another-pbx.md). What is wanted of a
member is remembered as it was asked for, so that Asterisk is asked for each change once; a list of
its members says what has come of that.
"""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from xucd.center.directory import LOCAL, Directory
from xucd.center.events import MemberPaused, MemberRemoved
from xucd.center.intents import (
    WRAPUP_REASON,
    AddMember,
    Intent,
    RemoveMember,
    SetDeviceState,
    SetPause,
    SetPenalty,
)
from xucd.center.presence import Present
from xucd.center.snapshot import MemberSeen

TRUNK_CONTEXT = "xucd-to-pbx"
"""The dialplan's context that rings an agent at its home: ``QUEUE:NUMBER:HOME``."""

FREE, RINGING, BUSY, AWAY = "NOT_INUSE", "RINGING", "INUSE", "UNAVAILABLE"

_INTERFACE = re.compile(rf"{LOCAL}([0-9]+):([^:@]+):([^:@]+)@{TRUNK_CONTEXT}")


class Visitor(msgspec.Struct, frozen=True, gc=False):
    """A logged-in agent in queues of a PBX that is not its home, as its home tells.

    `number` is that of its home (see `xucd.center.homes`), `line` that of its line, `queues` are
    the queues there by id, with penalties. `device` is what its phone does, as a device state of
    Asterisk, and `talks` whether it has a call. `paused` covers a wrap-up, too.
    """

    agent_id: int
    number: int
    line: str
    queues: dict[int, int]
    device: str = FREE
    talks: bool = False
    paused: bool = False
    reason: str = ""


class _Wanted(msgspec.Struct, frozen=True, gc=False):
    """What a visitor's member is to be."""

    member: str
    penalty: int
    paused: bool
    reason: str


Key = tuple[int, str]
"""A member: its queue's id, and its interface."""

_NONE: dict[Key, _Wanted] = {}
"""The members of an agent that has none: never written to."""


class Visitors:
    """The visitors of this PBX, by agent, with what Asterisk was asked to make of them.

    Each method returns what it is to be asked for now. Of two homes that tell of one agent the one
    whose number is higher is right.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._by_agent: dict[int, tuple[str, Visitor]] = {}
        self._heard: set[str] = set()
        self._asked: dict[str, dict[Key, _Wanted]] = {}  # by the member's name
        self._queues: Collection[int] = directory.queues.keys()  # that Asterisk has
        self._states: dict[str, str] = {}
        self._talked: set[int] = set()  # who has not been free since

    def inherit(self, before: "Visitors") -> None:
        """Go on with those of an older configuration; what is asked of Asterisk follows a list."""
        pbxs = self._directory.pbxs
        self._by_agent = {key: each for key, each in before._by_agent.items() if each[0] in pbxs}
        self._heard = before._heard.intersection(pbxs)
        self._asked, self._states = before._asked, before._states
        self._talked = before._talked

    def of(self, home: str) -> list[int]:
        """The agents of a home."""
        return [agent_id for agent_id, (known, _) in self._by_agent.items() if known == home]

    def queues_of(self, agent_id: int) -> dict[int, Present]:
        """What a visitor counts for in each of its queues."""
        if agent_id not in self._by_agent:
            return {}
        home, visitor = self._by_agent[agent_id]
        free = home in self._heard and visitor.device == FREE and not visitor.paused
        each = Present(logged_in=1, available=int(free), talking=int(visitor.talks))
        return {key: each for key in visitor.queues if key in self._directory.queues}

    def freed(self, agent_id: int) -> dict[int, int]:
        """The queues, with a 1 each, for which a visitor has become free by the end of a talk.

        To be asked whenever it may have changed, as of `xucd.center.offers`.
        """
        _, visitor = self._by_agent.get(agent_id, ("", None))
        if visitor is not None and visitor.talks:
            self._talked.add(agent_id)
        present = self.queues_of(agent_id)
        if agent_id not in self._talked or not any(each.available for each in present.values()):
            return {}
        self._talked.discard(agent_id)
        return dict.fromkeys(present, 1)

    def take(self, home: str, visitor: Visitor) -> list[Intent]:
        """A home says what one of its agents is to be here."""
        if not self._is_older(home, visitor.agent_id, visitor.number):
            self._by_agent[visitor.agent_id] = home, visitor
        return self._adjust(visitor.agent_id)

    def leave(self, home: str, agent_id: int) -> list[Intent]:
        """An agent is in no queue here any more, as its home says."""
        if self._by_agent.get(agent_id, ("",))[0] == home:
            del self._by_agent[agent_id]
        return self._adjust(agent_id)

    def is_whole(self, home: str, agent_ids: Collection[int]) -> list[Intent]:
        """A home has told of all its agents that are here."""
        self._heard.add(home)
        intents: list[Intent] = []
        for agent_id in self.of(home):
            if agent_id in agent_ids:
                intents += self._adjust(agent_id)
            else:
                intents += self.leave(home, agent_id)
        for known in self._asked.values():
            for queue_id, interface in self._left_by(home, known):
                del known[queue_id, interface]
                if queue_id in self._directory.queues:
                    queue = self._directory.queues[queue_id].name
                    intents.append(RemoveMember(queue, interface))
        return intents

    def _left_by(self, home: str, known: dict[Key, _Wanted]) -> list[Key]:
        """An agent's members through a home that does not want them: it was out before it spoke."""
        agents = self._directory.agent_by_member_name
        ours = [key for key in known if _home_of(key[1]) == home]
        return [
            key
            for key in ours
            if (agent := agents.get(known[key].member)) is None or agent.id not in self._by_agent
        ]

    def lose(self, home: str) -> list[Intent]:
        """A home is not heard of: nobody knows whether its agents' phones may ring."""
        self._heard.discard(home)
        return [intent for agent_id in self.of(home) for intent in self._adjust(agent_id)]

    def came_home(self, agent_id: int) -> list[Intent]:
        """An agent's home is here now: it is no visitor."""
        self._by_agent.pop(agent_id, None)
        return self._adjust(agent_id)

    def listed(
        self, queues: Collection[int], members: Iterable[tuple[int, MemberSeen]], *, again: bool
    ) -> list[Intent]:
        """Asterisk has these queues and members, some of them visitors', and no others.

        With `again` it was heard since the last list; else states of devices may be others by now.

        One that nobody wants is removed, unless its home has not been heard since xucd started: it
        may yet be wanted, and cannot be reached meanwhile.
        """
        self._asked.clear()
        self._queues = queues
        if not again:
            self._states.clear()
        intents: list[Intent] = []
        wanted = {key for agent_id in self._by_agent for key, _ in self._wanted(agent_id)}
        for queue_id, member in members:
            found = _INTERFACE.fullmatch(member.interface)
            if found is None:
                continue
            key = queue_id, member.interface
            is_heard = found[3] in self._heard or found[3] not in self._directory.pbxs
            if key not in wanted and is_heard:
                intents.append(RemoveMember(member.queue, member.interface))
                continue
            listed = _Wanted(member.member, member.penalty, member.paused, member.reason)
            self._asked.setdefault(member.member, {})[key] = listed
            if key not in wanted:
                intents += self._set_state(found[2], AWAY)
        for agent_id in self._by_agent:
            intents += self._adjust(agent_id)
        return intents

    def paused(self, queue_id: int, event: MemberPaused) -> list[Intent]:
        """A member was paused, or made ready: by the dialplan for its wrap-up, or by somebody else.

        A wrap-up ends when the home says so; what others do is put right.
        """
        known, key = self._asked.get(event.member, _NONE), (queue_id, event.interface)
        if key not in known:
            return []
        reason = event.reason if event.paused else ""
        known[key] = msgspec.structs.replace(known[key], paused=event.paused, reason=reason)
        return [] if reason == WRAPUP_REASON else self._adjust_named(event.member)

    def removed(self, queue_id: int, event: MemberRemoved) -> list[Intent]:
        """A member is there no more: if its home wants it, it is put back."""
        known = self._asked.get(event.member, _NONE)
        if known.pop((queue_id, event.interface), None) is None:
            return []
        return self._adjust_named(event.member)

    def _adjust_named(self, name: str) -> list[Intent]:
        agent = self._directory.agent_by_member_name.get(name)
        return self._adjust(agent.id) if agent is not None else []

    def _is_older(self, home: str, agent_id: int, number: int) -> bool:
        known, visitor = self._by_agent.get(agent_id, ("", None))
        return visitor is not None and known != home and visitor.number > number

    def _wanted(self, agent_id: int) -> Iterator[tuple[Key, _Wanted]]:
        if agent_id not in self._by_agent or agent_id not in self._directory.agents:
            return
        home, visitor = self._by_agent[agent_id]
        name = self._directory.agents[agent_id].member_name
        for queue_id, penalty in visitor.queues.items():
            if queue_id in self._directory.queues and queue_id in self._queues:
                interface = f"{LOCAL}{queue_id}:{visitor.line}:{home}@{TRUNK_CONTEXT}"
                yield (
                    (queue_id, interface),
                    _Wanted(name, penalty, visitor.paused, visitor.reason),
                )

    def _adjust(self, agent_id: int) -> list[Intent]:
        """What makes an agent's members what they are to be."""
        wanted = dict(self._wanted(agent_id))
        intents: list[Intent] = []
        if wanted:
            home, visitor = self._by_agent[agent_id]
            device = visitor.device if home in self._heard else AWAY
            # First: app_queue calls a member whose state was never set without end.
            intents += self._set_state(visitor.line, device)
        agent = self._directory.agents.get(agent_id)
        known = self._asked.get(agent.member_name, _NONE) if agent is not None else _NONE
        for key in known.keys() - wanted.keys():
            del known[key]
            queue = self._directory.queues.get(key[0])
            if queue is not None:
                intents.append(RemoveMember(queue.name, key[1]))
        for key, each in wanted.items():
            intents += self._ask(key, each)
        return intents

    def _ask(self, key: Key, wanted: _Wanted) -> list[Intent]:
        """What makes one member what it is to be."""
        known = self._asked.setdefault(wanted.member, {})
        asked, (queue_id, interface) = known.get(key), key
        if asked == wanted:
            return []
        known[key] = wanted
        queue, device = self._directory.queues[queue_id].name, _custom(key[1])
        if asked is None:
            adding: list[Intent] = [
                AddMember(queue, interface, wanted.member, wanted.penalty, wanted.paused, device)
            ]
            if wanted.paused and wanted.reason:
                adding.append(SetPause(interface, True, wanted.reason, queue))
            return adding
        intents: list[Intent] = []
        if asked.penalty != wanted.penalty:
            intents.append(SetPenalty(queue, interface, wanted.penalty))
        if (asked.paused, asked.reason) != (wanted.paused, wanted.reason):
            reason = wanted.reason if wanted.paused else ""
            intents.append(SetPause(interface, wanted.paused, reason, queue))
        return intents

    def _set_state(self, line: str, state: str) -> list[Intent]:
        if self._states.get(line) == state:
            return []
        self._states[line] = state
        return [SetDeviceState(_device_of(line), state)]


def is_visitors(interface: str) -> bool:
    """Whether this is how a visitor's member is called."""
    return _INTERFACE.fullmatch(interface) is not None


def _device_of(line: str) -> str:
    """The device that stands for the phone of another PBX's line."""
    return f"Custom:xucd-{line}"


def _custom(interface: str) -> str:
    found = _INTERFACE.fullmatch(interface)
    assert found is not None
    return _device_of(found[2])


def _home_of(interface: str) -> str:
    found = _INTERFACE.fullmatch(interface)
    assert found is not None
    return found[3]
