"""The answers of several PBXs' owners to one command, as one.

A list that each has a part of is kept until all have answered, and then sent whole. What a PBX has
told meanwhile of what such a list shows is told once more behind it: the list may be older.
"""

from collections.abc import Callable, Hashable, Iterable
from operator import itemgetter

import msgspec

from xucd.cti import messages as msg
from xucd.cti.messages import Message

Raw = msgspec.Raw


class _Envelope(msgspec.Struct):
    kind: str = msgspec.field(name="msgType")
    body: Raw = msgspec.field(name="ctiMessage")


class _Directory(msgspec.Struct):
    directory: list[Raw]


class _Agent(msgspec.Struct):
    id: int


class _OfAgent(msgspec.Struct):
    """What tells of an agent: its id is in one of these places."""

    agent_id: int | None = msgspec.field(name="agentId", default=None)
    id: int | None = None
    agent: _Agent | None = None


_list = msgspec.json.Decoder(list[Raw])
_directory = msgspec.json.Decoder(_Directory)
_envelope = msgspec.json.Decoder(_Envelope)
_of_agent: msgspec.json.Decoder[_OfAgent] = msgspec.json.Decoder(_OfAgent)


class _United(msgspec.Struct, frozen=True):
    """How the lists of one kind are united, and which messages tell that they have changed.

    `items` reads a PBX's part of such a list, and is None for what is configured or stored, which
    all of them know alike; it stands under the key `under`, if any. Of `agents`, what their homes
    say counts alone.
    """

    changes: tuple[type[Message], ...]
    items: Callable[[Raw], list[Raw]] | None = None
    agents: bool = False
    under: bytes = b""


_CALLBACKS = (
    msg.CallbackRequestUpdated,
    msg.CallbackTaken,
    msg.CallbackReleased,
    msg.CallbackStarted,
    msg.CallbackClotured,
)

UNITED: dict[str, _United] = {
    "QueueList": _United((msg.QueueConfig,), _list.decode),
    "QueueMemberList": _United((msg.QueueMember,), _list.decode, agents=True),
    "AgentDirectory": _United(
        (msg.AgentStateEvent,),
        lambda body: _directory.decode(body).directory,
        agents=True,
        under=b"directory",
    ),
    "AgentList": _United((msg.AgentConfig,)),
    "AgentGroupList": _United(()),
    "UsersQueueDefaultMembership": _United((msg.UserQueueDefaultMembership,)),
    "CallbackLists": _United(_CALLBACKS),
}

_OF_AGENTS = tuple(
    b'{"msgType":"%b",' % kind.__name__.encode()
    for kind in (msg.AgentStateEvent, msg.AgentStatistics, msg.QueueMember)
)


class UnitedAnswer:
    """What the owners answer to one command of one session.

    `is_home` says whether a PBX is the home of an agent: what is said of one that has just gone
    elsewhere counts no more.
    """

    def __init__(self, topics: Iterable[Hashable], is_home: Callable[[str, int], bool]) -> None:
        self._topics = topics  # the session's, as they are at each time
        self._is_home = is_home
        self._lists: dict[str, list[tuple[str, Raw]]] = {}
        self._told: list[bytes] = []

    def hold(self, pbx: str, message: bytes) -> bool:
        """Take a message of an answer; returns whether it is kept from the client."""
        if message.startswith(_OF_AGENTS):
            return not self._counts(pbx, _envelope.decode(message).body)
        envelope = _envelope.decode(message)
        if envelope.kind not in UNITED:
            return False
        self._lists.setdefault(envelope.kind, []).append((pbx, envelope.body))
        return True

    def heard(self, topics: list[Hashable], message: bytes) -> None:
        """A message was published while the answers come in."""
        if message.startswith(_CHANGES) and not set(topics).isdisjoint(self._topics):
            self._told.append(message)

    def whole(self) -> list[bytes]:
        """The lists, and what was told meanwhile of what they show."""
        found = [
            b'{"msgType":"%b","ctiMessage":%b}' % (kind.encode(), self._unite(UNITED[kind], parts))
            for kind, parts in self._lists.items()
        ]
        changes = _beginnings(UNITED[kind] for kind in self._lists)
        return found + [message for message in self._told if message.startswith(changes)]

    def _unite(self, how: _United, parts: list[tuple[str, Raw]]) -> bytes:
        if how.items is None:
            return bytes(parts[0][1])
        # In the same order each time, whoever answers first: pages keep the order of a list.
        ordered = sorted(parts, key=itemgetter(0))
        items = [(pbx, item) for pbx, body in ordered for item in how.items(body)]
        counting = [item for pbx, item in items if not how.agents or self._counts(pbx, item)]
        whole = msgspec.json.encode(counting)
        return b'{"%b":%b}' % (how.under, whole) if how.under else whole

    def _counts(self, pbx: str, body: Raw) -> bool:
        """Whether what a PBX says of an agent counts."""
        said = _of_agent.decode(body)
        known = (said.agent_id, said.agent.id if said.agent is not None else None, said.id)
        agent_id = next((each for each in known if each is not None), None)
        return agent_id is None or self._is_home(pbx, agent_id)


def _beginnings(united: Iterable[_United]) -> tuple[bytes, ...]:
    kinds = {kind.__name__ for each in united for kind in each.changes}
    return tuple(b'{"msgType":"%b",' % kind.encode() for kind in sorted(kinds))


_CHANGES = _beginnings(UNITED.values())
