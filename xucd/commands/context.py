"""The context: what commands work with.

It knows the centre, asks Asterisk, writes to the store, and waits for what was asked to show in
the centre. Commands that change who sits where run one after another under
`stations_lock`: two who want the same line are served in turn, and each sees what the one before
has done.
"""

import asyncio
import datetime
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Sequence,
)
from typing import Any, Protocol

from xucd.agi.call_variables import Requests
from xucd.center.center import Center
from xucd.center.directory import Queue
from xucd.center.intents import Intent
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.config.settings import Dialing, Features
from xucd.cti.hub import Hub
from xucd.cti.messages import LinkStatus, UserStatus
from xucd.cti.session import Session
from xucd.store.journal import Journal


class Asterisk(Protocol):
    """The part of the AMI link that commands need."""

    async def ask(self, intent: Intent) -> None:
        """Have Asterisk do it. Raises `Refused` when it cannot be reached or will not."""


class Context:
    """One for the whole daemon. `publish` passes the centre's changes on; `patience` is in s.

    `current` says whether what the centre holds is what Asterisk has, `lost_since` since when it
    is not (epoch seconds). `seen_with` are the rights with which anybody has asked for agents.
    """

    def __init__(
        self,
        center: Center,
        asterisk: Asterisk,
        journal: Journal,
        hub: Hub,
        *,
        clock: Callable[[], float],
        publish: Callable[[], None],
        patience: float,
        statuses: Sequence[UserStatus],
        features: Features | None = None,
        dialing: Dialing | None = None,
    ) -> None:
        self.center = center
        self.journal = journal
        self.hub = hub
        self.statuses = statuses
        self.features = features or Features()
        self.dialing = dialing or Dialing()
        self.requests = Requests(clock=clock)
        self.clock = clock
        self.publish = publish
        self.stations_lock = asyncio.Lock()
        self._asterisk = asterisk
        self._patience = patience
        self._waiters: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self.current = False
        self.lost_since = clock()
        self.seen_with: set[Rights] = set()

    # -- looking up, with the code for what is not there

    def agent(self, agent_id: int | None, who: Session) -> LiveAgent:
        """The agent meant by a command, None being the user's own.

        Raises `Refused` with `AgentUnknown` or `NotAuthorized`.
        """
        wanted = who.user.agent_id if agent_id is None else agent_id
        live = self.center.agents.get(wanted) if wanted is not None else None
        if live is None:
            raise Refused("AgentUnknown", "There is no such agent.")
        if not rights(who).agent(live.agent):
            raise not_authorized()
        return live

    def queue(self, queue_id: int, who: Session) -> Queue:
        """A queue that the user may change. Raises `QueueUnknown` (silent) or `NotAuthorized`."""
        queue = self.center.directory.queues.get(queue_id)
        if queue is None:
            raise Refused("QueueUnknown", "There is no such queue.", silent=True)
        if not rights(who).queue(queue_id):
            raise not_authorized()
        return queue

    def group(self, group_id: int, who: Session) -> list[LiveAgent]:
        """The agents of a group that the user may use. Raises `GroupUnknown`, `NotAuthorized`."""
        if group_id not in self.center.directory.groups:
            raise Refused("GroupUnknown", "There is no such group.")
        if not rights(who).group(group_id):
            raise not_authorized()
        return [live for live in self.center.agents.values() if live.agent.group_id == group_id]

    # -- asking and waiting

    async def ask(self, *intents: Intent, ignore: Iterable[str] = ()) -> None:
        """Have Asterisk do all of these, sent at once, in order.

        Raises the first `Refused` once every one is answered, unless its code is in `ignore`.
        """
        if not intents:
            return
        if not self.current:
            raise asterisk_unavailable()
        asked: list[Awaitable[None]] = [self._asterisk.ask(intent) for intent in intents]
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, Refused) and outcome.code in ignore:
                continue
            if isinstance(outcome, BaseException):
                raise outcome

    async def bring_about(
        self, done: Callable[[], bool], *intents: Intent, ignore: Iterable[str] = ()
    ) -> None:
        """Ask for all of these, and wait until Asterisk's events have made `done` true.

        Raises as `until` does.
        """
        await self.until(done, self.ask(*intents, ignore=ignore))

    async def until(self, done: Callable[[], bool], asking: Coroutine[Any, Any, None]) -> None:
        """Do the asking, and wait until Asterisk's events have made `done` true.

        It is enough that it was true once: whoever becomes ready may be called, answer and wrap up
        before Asterisk's answer to the action is even read. Raises as `ask` does, and `Refused`
        with `AsteriskTimeout` when it does not come about within the patience.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = done
        try:
            self.moved()
            async with asyncio.timeout(self._patience):
                await asking
                await waiter
        except TimeoutError:
            raise Refused("AsteriskTimeout", "Asterisk did not do it in time.") from None
        finally:
            del self._waiters[waiter]

    def moved(self) -> None:
        """The centre has changed: let those who wait look again."""
        for waiter, done in list(self._waiters.items()):
            if not waiter.done() and done():
                waiter.set_result(None)

    def link_status(self) -> LinkStatus:
        """Whether what clients see is current, and since when it is not."""
        if self.current:
            return LinkStatus(asterisk="current")
        since = datetime.datetime.fromtimestamp(self.lost_since, datetime.UTC)
        return LinkStatus(asterisk="lost", since=since.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def now(self) -> float:
        """The present, in epoch seconds."""
        return self.clock()


def rights(who: Session) -> Rights:
    """What a session's user may see and do."""
    found: Any = who.rights
    assert isinstance(found, Rights)
    return found


def not_authorized() -> Refused:
    """The refusal for want of rights."""
    return Refused("NotAuthorized", "The user's profile does not allow this.")


def asterisk_unavailable() -> Refused:
    """The refusal while Asterisk cannot be reached, or its state is not yet known."""
    return Refused("AsteriskUnavailable", "Asterisk cannot be reached.")
