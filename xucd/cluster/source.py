"""What the relay needs of the node that owns a PBX: what it shows, and who carries out commands."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Protocol

from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.cluster.packets import RequestSender
from xucd.cti.commands import Command
from xucd.cti.hub import Broadcaster
from xucd.cti.messages import Message
from xucd.cti.session import Session

Telling = tuple[Sequence[Hashable], Message]
"""A message, and the topics that it concerns."""


class Source(Protocol):
    """What the owner knows and does, which is the same for clients of its own."""

    @property
    def is_current(self) -> bool:
        """Whether what it knows is Asterisk's state."""

    def user(self, user_id: int) -> User | None:
        """The user of this id in the present configuration."""

    def rights_of(self, user: User) -> Rights:
        """What a user may see and do."""

    def opened(self, session: Session) -> None:
        """Subscribe a new session, and send it the opening."""

    def attended(self, sessions: Sequence[Session]) -> None:
        """Take in sessions that have had their opening, and have subscribed, before."""

    async def carry_out(self, session: Session, command: Command) -> str | None:
        """Carry out a command; returns the code of a warning, if any. Raises `Refused`."""

    async def serve(self, sender: RequestSender, request: bytes) -> bytes:
        """Serve a request over HTTP, encoded as the edge has it; returns the answer."""

    def snapshot(self) -> "ShownState":
        """All that is shown, from this moment on."""

    async def known(self) -> None:
        """Wait until what is shown was Asterisk's state once, but not for ever."""

    async def publish_stored(self, to: Broadcaster) -> None:
        """Publish what is stored and not live to those who may have missed a change of it."""


class ShownState(Protocol):
    """What is shown to clients of the centre as it is, until another configuration comes."""

    @property
    def holds(self) -> bool:
        """Whether the configuration is still the same."""

    def homes(self) -> Mapping[int, int]:
        """The agents whose home is this PBX, with the numbers of the changes: none of a single."""

    def shown(self) -> Iterator[Sequence[Telling]]:
        """All that is shown of lasting state, a part at a time: each as it is when it is made."""

    def gone(self, about: bytes, value: bytes) -> Iterator[Telling]:
        """That a thing is no more."""

    def rest(self) -> Iterator[Telling]:
        """What is told in any case: figures."""

    def status(self) -> Message:
        """Whether all of it is Asterisk's state."""
