"""The answers of several PBXs' owners to one command, as one.

A list that each has a part of is kept until all have answered, and then sent whole. What a PBX has
told meanwhile of what such a list shows is told once more behind it: the list may be older.
"""

from collections.abc import Callable, Hashable, Iterable

import msgspec

from xucd.cti import messages as msg
from xucd.cti.messages import Message

Raw = msgspec.Raw


class _Envelope(msgspec.Struct):
    kind: str = msgspec.field(name="msgType")
    body: Raw = msgspec.field(name="ctiMessage")


class _Directory(msgspec.Struct):
    directory: list[Raw]


class _OfAgent(msgspec.Struct):
    agent_id: int | None = msgspec.field(name="agentId", default=None)
    id: int | None = None


def _joined(bodies: list[Raw]) -> bytes:
    """Lists of which each PBX has a part."""
    return msgspec.json.encode([each for body in bodies for each in _list.decode(body)])


def _directories(bodies: list[Raw]) -> bytes:
    parts = [_directory.decode(body).directory for body in bodies]
    return msgspec.json.encode(_Directory([each for part in parts for each in part]))


def _first(bodies: list[Raw]) -> bytes:
    """What is configured or stored, which all of them know alike."""
    return bytes(bodies[0])


_list = msgspec.json.Decoder(list[Raw])
_directory = msgspec.json.Decoder(_Directory)
_envelope = msgspec.json.Decoder(_Envelope)
_of_agent: msgspec.json.Decoder[_OfAgent] = msgspec.json.Decoder(_OfAgent)


class _United(msgspec.Struct, frozen=True):
    """How the lists of one kind are united, and which messages tell that they have changed."""

    unite: Callable[[list[Raw]], bytes]
    changes: tuple[type[Message], ...]


_CALLBACKS = (
    msg.CallbackRequestUpdated,
    msg.CallbackTaken,
    msg.CallbackReleased,
    msg.CallbackStarted,
    msg.CallbackClotured,
)

UNITED: dict[str, _United] = {
    "QueueList": _United(_joined, (msg.QueueConfig,)),
    "QueueMemberList": _United(_joined, (msg.QueueMember,)),
    "AgentDirectory": _United(_directories, (msg.AgentStateEvent,)),
    "AgentList": _United(_first, (msg.AgentConfig,)),
    "AgentGroupList": _United(_first, ()),
    "UsersQueueDefaultMembership": _United(_first, (msg.UserQueueDefaultMembership,)),
    "CallbackLists": _United(_first, _CALLBACKS),
}

_STATES = (b'{"msgType":"AgentStateEvent",', b'{"msgType":"AgentStatistics",')


class UnitedAnswer:
    """What the owners answer to one command of one session.

    `is_home` says whether a PBX is the home of an agent: a state of one that has just gone
    elsewhere counts no more.
    """

    def __init__(self, topics: Iterable[Hashable], is_home: Callable[[str, int], bool]) -> None:
        self._topics = topics  # the session's, as they are at each time
        self._is_home = is_home
        self._lists: dict[str, list[Raw]] = {}
        self._told: list[bytes] = []

    def hold(self, pbx: str, message: bytes) -> bool:
        """Take a message of an answer; returns whether it is kept from the client."""
        if message.startswith(_STATES):
            body = _of_agent.decode(_envelope.decode(message).body)
            agent_id = body.agent_id if body.agent_id is not None else body.id
            return agent_id is not None and not self._is_home(pbx, agent_id)
        envelope = _envelope.decode(message)
        if envelope.kind not in UNITED:
            return False
        self._lists.setdefault(envelope.kind, []).append(envelope.body)
        return True

    def heard(self, topics: list[Hashable], message: bytes) -> None:
        """A message was published while the answers come in."""
        if message.startswith(_CHANGES) and not set(topics).isdisjoint(self._topics):
            self._told.append(message)

    def whole(self) -> list[bytes]:
        """The lists, and what was told meanwhile of what they show."""
        found = [
            b'{"msgType":"%b","ctiMessage":%b}' % (kind.encode(), UNITED[kind].unite(bodies))
            for kind, bodies in self._lists.items()
        ]
        changes = _beginnings(UNITED[kind] for kind in self._lists)
        return found + [message for message in self._told if message.startswith(changes)]


def _beginnings(united: Iterable[_United]) -> tuple[bytes, ...]:
    kinds = {kind.__name__ for each in united for kind in each.changes}
    return tuple(b'{"msgType":"%b",' % kind.encode() for kind in sorted(kinds))


_CHANGES = _beginnings(UNITED.values())
