"""Signing in with a password: whose turn it is to have it checked, and bounds on guessing.

A few passwords are checked at a time (`xucd.signin.checking`). Those who have signed in from their
address before wait in one queue, and strangers in another; while both have somebody waiting, every
second turn is for one of each. In the former, addresses take turns, and at one address logins. In
the latter, networks take turns (of IPv6 the /48), and in one its addresses.

Only wrong passwords count against a bound, and only once they were checked: a refused attempt costs
nobody anything and is not remembered. `docs/adr/0014-bounds-of-signing-in.md` says what follows:

- an address with a login: `limit` failures a minute, then its attempts at that login are refused;
- an address: ten times as many for all logins together, but for those who have signed in from it;
- a login, from all addresses that have not signed in as it: three times as many, then the attempts
  of such strangers wait for one turn after another. They are not refused: one may be the user.
"""

import asyncio
import unicodedata
from collections.abc import Callable

from xucd.center.audit import Kind
from xucd.center.directory import User
from xucd.cti.metrics import Metrics
from xucd.signin.abuse_log import RefusalLog, sign_in_failed
from xucd.signin.checking import Authenticated, PasswordChecks, PasswordsUnavailable, Users
from xucd.signin.earlier_attempts import EarlierAttempts
from xucd.signin.errors import SignInRefused
from xucd.signin.fair_queue import FairQueue
from xucd.signin.places import bucket, network

# A centre behind one address signs in at the same minute.
MAX_WAITING_EACH = 512
# In each of the two queues.
MAX_WAITING = 4096
# How many strangers may wait for a turn at one login.
MAX_STRANGERS = 64
# How long a check is taken to last before any was measured, and over how many it is averaged.
FIRST_CHECK_S = 0.05
AVERAGED = 16


class _Attempt:
    """One attempt, from its arrival to its outcome. `place` is its address, IPv6 by /64.

    `familiar` tells whether the user has signed in from there before. `lane` is its group and its
    lane in the queue, `key` its login as it is counted.
    """

    def __init__(self, login: str, password: str, address: str, *, familiar: bool) -> None:
        self.login = login
        self.key = _counted(login)
        self.password = password
        self.address = address
        self.place = bucket(address)
        self.lane = (self.place, login) if familiar else (network(address), self.place)
        self.familiar = familiar
        self.had_turn = False
        self.outcome: asyncio.Future[Authenticated | None]
        self.outcome = asyncio.get_running_loop().create_future()


def _counted(login: str) -> str:
    """A login as it is counted: once for all the spellings that an LDAP server takes for one.

    Those differ in case, width, accents, blanks, or characters that are not seen.
    """
    folded = unicodedata.normalize("NFKD", login[:400]).casefold()
    plain = unicodedata.normalize("NFKD", folded)
    seen = (c for c in plain if c.isspace() or unicodedata.category(c) not in ("Mn", "Cf", "Cc"))
    return " ".join("".join(seen).split())[:80]


class SignIn:
    """Authenticates users by password.

    `earlier` is what bounds further attempts; `clock` returns seconds.
    """

    def __init__(
        self,
        users: Users,
        checks: PasswordChecks,
        earlier: EarlierAttempts,
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._users = users
        self._checks = checks
        self._metrics = metrics
        self._refusals = RefusalLog(clock)
        self._earlier = earlier
        self._queues: dict[bool, FairQueue[_Attempt]] = {
            familiar: FairQueue(MAX_WAITING_EACH, MAX_WAITING) for familiar in (True, False)
        }
        self._next_familiar = True
        self._strangers: dict[str, list[_Attempt]] = {}
        self._turns: dict[str, asyncio.TimerHandle] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._check_s = FIRST_CHECK_S  # how long a check lasts, of late

    async def has_password(self, login: str) -> bool:
        """Whether a user has a password of its own. Raises `StoreError`."""
        return await self._users.password_hash(login) is not None

    async def authenticate(
        self, login: str, password: str, address: str, kind: Kind = Kind.SIGN_IN
    ) -> Authenticated:
        """Who shows by a password, from an address, who it is, and how.

        Raises `SignInRefused` with `InvalidCredentials`, which is the same for an unknown login and
        a wrong password, with `TooManyRequests`, or what `PasswordChecks.check` raises.
        """
        familiar = self._earlier.is_familiar(login, bucket(address))
        attempt = _Attempt(login, password, address, familiar=familiar)
        self._refuse_guesser(attempt)
        self._enqueue(attempt)
        try:
            found = await attempt.outcome
        finally:
            self._queues[attempt.familiar].remove(*attempt.lane, attempt)
            self._leave_strangers(attempt)
        if found is None:
            raise SignInRefused("InvalidCredentials", "Unknown login or wrong password.")
        self.remember(found.user, address)
        return found

    def remember(self, user: User, address: str) -> None:
        """Remember that a user has shown at this address who it is."""
        self._earlier.remember(user.login, bucket(address))

    def close(self) -> None:
        """Stop the threads."""
        for timer in self._turns.values():
            timer.cancel()
        for task in self._running:
            task.cancel()
        self._checks.close()

    # --- Bounds

    def _refuse_guesser(self, attempt: _Attempt) -> None:
        """Raise `SignInRefused` with `TooManyRequests` for an address that has failed too often."""
        wait = self._earlier.of_pair.wait(attempt.place, attempt.key)
        if not attempt.familiar:
            wait = max(wait, self._earlier.of_address.wait(attempt.place))
        if wait > 0:
            self._refusals.sign_in_refused(attempt.address)
            raise self._refusal(wait)

    def _refusal(self, wait: float) -> SignInRefused:
        self._metrics.logins.labels("refused").inc()
        text = "Too many attempts to sign in; try again later."
        return SignInRefused("TooManyRequests", text, int(wait) + 1)

    def _count(self, attempt: _Attempt, *, matches: bool) -> None:
        self._metrics.logins.labels("ok" if matches else "failed").inc()
        if matches:
            return
        # Here rather than at the answer, for which a guesser need not wait.
        known = self._users.user(attempt.login)
        sign_in_failed(attempt.address, known.login if known is not None else None)
        self._earlier.of_pair.add(attempt.place, attempt.key)
        self._earlier.of_address.add(attempt.place)
        if not attempt.familiar:
            self._earlier.of_strangers.add(attempt.key)

    # --- Turns

    def _enqueue(self, attempt: _Attempt) -> None:
        displaced = self._queues[attempt.familiar].push(*attempt.lane, attempt)
        if displaced is not None and not displaced.outcome.done():
            displaced.outcome.set_exception(self._refusal(self._until_all_had_their_turn()))
        self._start()

    def _until_all_had_their_turn(self) -> float:
        """After how many seconds those who wait by now will have been checked."""
        waiting = sum(map(len, self._queues.values()))
        return waiting * self._check_s / self._checks.at_once

    def _start(self) -> None:
        while (
            len(self._running) < self._checks.at_once and (queue := self._next_queue()) is not None
        ):
            attempt = queue.pop()
            if self._has_to_wait(attempt):
                continue
            task = asyncio.ensure_future(self._check(attempt))
            self._running.add(task)
            task.add_done_callback(self._checked)

    def _next_queue(self) -> FairQueue[_Attempt] | None:
        """The queue whose turn it is, among those in which somebody waits."""
        for familiar in (self._next_familiar, not self._next_familiar):
            if len(self._queues[familiar]):
                self._next_familiar = not familiar
                return self._queues[familiar]
        return None

    def _checked(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._start()

    async def _check(self, attempt: _Attempt) -> None:
        """Compare the password, and count a wrong one even when its client has gone."""
        outcome, began = attempt.outcome, asyncio.get_running_loop().time()
        try:
            # Others of its address may have failed since it came.
            self._refuse_guesser(attempt)
            found = await self._checks.check(attempt.login, attempt.password, attempt.address)
        except Exception as error:
            if isinstance(error, PasswordsUnavailable) and error.was_wrong:
                # Own passwords could be guessed without bounds while the server is down.
                self._count(attempt, matches=False)
            elif isinstance(error, SignInRefused) and error.code != "TooManyRequests":
                self._refusals.not_signed_in(attempt.address, error.code)
            if not outcome.done():
                outcome.set_exception(error)
            return
        took = asyncio.get_running_loop().time() - began
        self._check_s += (took - self._check_s) / AVERAGED
        self._count(attempt, matches=found is not None)
        if not outcome.done():
            outcome.set_result(found)

    # --- Strangers at a login that is being guessed

    def _has_to_wait(self, attempt: _Attempt) -> bool:
        """Let a stranger wait for its turn at a login, unless it is its turn."""
        if attempt.familiar or attempt.had_turn or not self._earlier.of_strangers.wait(attempt.key):
            return False
        waiting = self._strangers.setdefault(attempt.key, [])
        waiting.append(attempt)
        # Who has failed least comes first, and among these who came first.
        waiting.sort(key=lambda one: round(self._earlier.of_address.count(one.place)))
        if len(waiting) > MAX_STRANGERS:
            displaced = waiting.pop()
            if not displaced.outcome.done():
                wait = MAX_STRANGERS * self._earlier.of_strangers.interval
                displaced.outcome.set_exception(self._refusal(wait))
        self._set_turn(attempt.key)
        return True

    def _set_turn(self, key: str) -> None:
        if key not in self._turns and self._strangers.get(key):
            # At least a little: the clock that counts is not the loop's.
            wait = max(self._earlier.of_strangers.wait(key), 0.05)
            self._turns[key] = asyncio.get_running_loop().call_later(wait, self._turn, key)

    def _turn(self, key: str) -> None:
        del self._turns[key]
        waiting = self._strangers.get(key)
        if waiting and not self._earlier.of_strangers.wait(key):
            attempt = waiting[0]
            self._leave_strangers(attempt)
            attempt.had_turn = True
            self._enqueue(attempt)
        self._set_turn(key)

    def _leave_strangers(self, attempt: _Attempt) -> None:
        waiting = self._strangers.get(attempt.key)
        if waiting and attempt in waiting:
            waiting.remove(attempt)
            if not waiting:
                del self._strangers[attempt.key]
