"""Requests to Asterisk: sending intents, and waiting until Asterisk's events show their effect.

An answer to an action does not change what clients see; the events that follow it do. So a command
sends its intents and then waits for a condition on the centre.

Asterisk carries out the actions of a connection in their order. An action without an answer may
yet be carried out: what is sent after it takes effect after it, and so decides. Until then the
interface is in doubt: what the centre holds of it is no reason to send nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from typing import Any

from xucd.center.intents import AddMember, Intent, RemoveMember, SetPause, SetPenalty
from xucd.center.refused import Refused

Send = Callable[[Intent], Awaitable[None]]
"""Has Asterisk carry out one intent; raises `Refused` when it is out of reach or refuses."""

UNANSWERED = frozenset({"AsteriskTimeout", "AsteriskUnavailable"})
"""The codes of refusals after which Asterisk may have acted, or may still act."""

OF_MEMBERS = (AddMember, RemoveMember, SetPenalty, SetPause)
"""The intents that change members of queues."""

UNSEEN_S = 0.5
"""Seconds after Asterisk's answer until its members are listed anew, unless events come."""


class AsteriskRequests:
    """Sends intents to Asterisk and waits for their effect, for `timeout` seconds at most.

    `lost_since` is None while the centre holds Asterisk's current state; otherwise it is the time
    since which it does not, in epoch seconds. Until the first snapshot it is `started_at`.
    `relist_members` has Asterisk's members listed anew; awaited, it has been done. `catch_up`,
    awaited, has taken in what Asterisk has told by now.
    """

    def __init__(self, send: Send, *, timeout: float, started_at: float) -> None:
        self._send = send
        self._timeout = timeout
        self._waiting: dict[int | None, dict[_Waiter, None]] = {}
        self._doubts: set[str] = set()
        self._fired: set[asyncio.Task[None]] = set()
        self.lost_since: float | None = started_at
        self.relist_members: Callable[[], Awaitable[None]] = _nothing
        self.catch_up: Callable[[], Awaitable[None]] = _nothing

    @property
    def current(self) -> bool:
        """Whether the centre holds Asterisk's current state."""
        return self.lost_since is None

    def check_current(self) -> None:
        """Raise `Refused` with `AsteriskUnavailable` unless the state is current.

        Without it nobody knows who is logged in.
        """
        if not self.current:
            raise Refused("AsteriskUnavailable", "Asterisk cannot be reached.")

    def in_doubt(self, interfaces: Iterable[str]) -> bool:
        """Whether Asterisk may yet do what it was asked for with one of these interfaces."""
        return not self._doubts.isdisjoint(interfaces)

    async def ask(self, *intents: Intent, ignore: Iterable[str] = ()) -> None:
        """Have Asterisk carry out all intents, sent at once, in order.

        Raises the first `Refused` once all are answered, unless its code is in `ignore`.
        """
        if not intents:
            return
        self.check_current()
        if len(intents) == 1:  # no task for what needs none
            try:
                await self._carry_out(intents[0])
            except Refused as refusal:
                if refusal.code not in ignore:
                    raise
            return
        answers: list[Awaitable[None]] = [self._carry_out(intent) for intent in intents]
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(outcome, Refused) and outcome.code in ignore:
                continue
            if isinstance(outcome, BaseException):
                raise outcome

    def fire(self, *intents: Intent, then: Callable[[], None] | None = None) -> None:
        """Send intents that undo what was asked for before, and wait for nothing.

        `then` is called once Asterisk has answered all of them.
        """
        task = asyncio.ensure_future(self._fire(intents, then))
        self._fired.add(task)
        task.add_done_callback(self._fired.discard)

    async def _fire(self, intents: Iterable[Intent], then: Callable[[], None] | None) -> None:
        answers = [self._carry_out(intent) for intent in intents]
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        unanswered = (
            isinstance(outcome, Refused) and outcome.code in UNANSWERED for outcome in outcomes
        )
        if then is not None and not any(unanswered):
            then()

    async def _carry_out(self, intent: Intent) -> None:
        interface = getattr(intent, "interface", "")
        try:
            await self._send(intent)
        except BaseException as error:
            if isinstance(error, Refused) and error.code not in UNANSWERED:
                self._doubts.discard(interface)
            elif interface:
                self._doubts.add(interface)
            raise
        self._doubts.discard(interface)

    async def bring_about(
        self,
        done: Callable[[], bool],
        *intents: Intent,
        ignore: Iterable[str] = (),
        agent_id: int | None = None,
    ) -> None:
        """Send the intents, and wait until Asterisk's events have made `done` true.

        `agent_id` is as in `until`. Raises as `until` does.
        """
        of_members = any(isinstance(intent, OF_MEMBERS) for intent in intents)
        asking = self.ask(*intents, ignore=ignore)
        await self.until(done, asking, of_members=of_members, agent_id=agent_id, in_time=True)

    async def until(
        self,
        done: Callable[[], bool],
        asking: Coroutine[Any, Any, None],
        *,
        of_members: bool = True,
        agent_id: int | None = None,
        in_time: bool = False,
    ) -> None:
        """Await `asking`, then wait until Asterisk's events have made `done` true.

        With `agent_id`, `done` is about that agent's members and stance alone: it is not asked when
        others' change. `in_time` says that `asking` is one `ask`, which is answered or refused
        within the timeout: most commands are done then, and need no timer of their own.

        It is enough that `done` was true once: an agent who becomes ready may be called, answer and
        wrap up before the answer to the action is read. When events `of_members` do not come, the
        members may be others than the centre takes them for, and are listed anew. Raises as `ask`
        does, and `Refused` with `AsteriskTimeout` when `done` stays false for the timeout, and
        nothing of what Asterisk has told by then makes it true.
        """
        waiter = _Waiter(done)
        self._waiting.setdefault(agent_id, {})[waiter] = None
        answered, until = False, asyncio.get_running_loop().time() + self._timeout
        try:
            waiter.look()
            if in_time:
                await asking
                answered = True
                waiter.look()  # an answer can make it true, too
                if waiter.done:
                    return
            async with asyncio.timeout_at(until):
                if not in_time:
                    await asking
                    answered = True
                    waiter.look()
                if of_members:
                    await self._look_for_unseen(waiter)
                    waiter.look()
                await waiter.wait()
        except TimeoutError:
            if answered and not waiter.done:
                await self.catch_up()
                waiter.look()
            if not (answered and waiter.done):
                raise Refused("AsteriskTimeout", "Asterisk did not do it in time.") from None
        finally:
            del self._waiting[agent_id][waiter]
            if not self._waiting[agent_id]:
                del self._waiting[agent_id]

    async def _look_for_unseen(self, waiter: "_Waiter") -> None:
        """Have the members listed anew unless events come soon; they may still come meanwhile.

        A list may have to wait for the one before it: whoever has its events by then waits no more.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNSEEN_S):
                await waiter.wait()
        if waiter.done:  # perhaps in the very turn in which the time was up
            return
        listed = asyncio.ensure_future(self.relist_members())
        seen = asyncio.ensure_future(waiter.wait())
        try:
            await asyncio.wait((seen, listed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            seen.cancel()
        if listed.done():
            await listed

    def check_waiting(self, agent_ids: Collection[int] | None = None) -> None:
        """Wake every command whose condition is now true. To be called when the centre changes.

        With `agent_ids`, of the agents these alone have changed.
        """
        if not self._waiting:
            return
        keys = list(self._waiting) if agent_ids is None else [None, *agent_ids]
        for key in keys:
            for waiter in list(self._waiting.get(key, ())):
                waiter.look()


class _Waiter:
    """Waits until a condition is true. `done` says that it was so once, which is enough.

    Not a future: a wait that is cancelled would end that, and what shields it from a cancellation
    takes one turn of the event loop more.
    """

    __slots__ = ("_bell", "_condition", "done")

    def __init__(self, condition: Callable[[], bool]) -> None:
        self.done = False
        self._condition = condition
        self._bell: asyncio.Future[None] | None = None

    def look(self) -> None:
        """See whether the condition is true now, and wake who waits if it is."""
        if self.done or not self._condition():
            return
        self.done = True
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def wait(self) -> None:
        """Wait until the condition was true. One waits at a time."""
        if not self.done:
            self._bell = asyncio.get_running_loop().create_future()
            await self._bell


async def _nothing() -> None:
    """Before the service is there, nothing can be listed or told."""
