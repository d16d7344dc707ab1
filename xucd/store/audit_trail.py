"""The audit trail as the daemon writes it: in order, through the journal.

What was done is durable before it is acknowledged. While the database is away, an entry waits in
the journal's retry, and what it tells of is acknowledged all the same: pausing a recording must not
fail because a disk is full. What may not happen unseen (listening) is written before it is done,
and refused while it cannot be written.

What was refused changed nothing, and whoever sends it can send a great deal of it. So it is counted
in memory, by who, from where, and what came of it, and written once per `WINDOW_S`: of each user at
most `MAX_OF_USER` entries of what it tried, as many of failures to sign in as it, and `MAX_COUNTED`
of strangers, each with one more for all others of that kind and outcome. After `MAX_SIGN_INS`
failures to sign in there is one for each user. So nobody's attempts hide another's, and however
long somebody guesses passwords, the trail grows by some two hundred bytes for each of these.
"""

import asyncio
import datetime
from collections.abc import Callable

import msgspec
import structlog

from xucd.center.audit import Actor, AuditEntry, Kind
from xucd.center.refused import Refused
from xucd.store import audit
from xucd.store.journal import Journal

WINDOW_S = 300.0
MAX_COUNTED = 50
MAX_OF_USER = 10
MAX_SIGN_INS = 200
OTHERS = "others"

_Counted = dict[tuple[object, ...], tuple[AuditEntry, int]]

log = structlog.get_logger()


class AuditTrail:
    """Writes the trail. There is one for the whole daemon; `now` returns epoch seconds."""

    def __init__(self, journal: Journal, now: Callable[[], float]) -> None:
        self.now = now
        self._journal = journal
        # By whether it is to sign in and the user's id, then by what makes entries the same.
        self._counted: dict[tuple[bool, int | None], _Counted] = {}
        self._sign_ins = 0
        self._timer: asyncio.TimerHandle | None = None

    async def record(self, *entries: AuditEntry) -> None:
        """Write entries; returns when they are durable, or wait for the database to come back."""
        place = self._journal.later(audit.write, *entries)
        try:
            await self._journal.written(place)
        except Refused:
            kinds = ", ".join(entry.kind for entry in entries)
            log.warning("an entry of the audit trail waits for the database", kind=kinds)

    async def require(self, entry: AuditEntry) -> None:
        """Write an entry now. Raises `Refused` with `StoreUnavailable`."""
        await self._journal.now(audit.write, entry)

    def count(self, entry: AuditEntry, place: str = "") -> None:
        """Count an attempt that was refused; it is written later, together with its like.

        `place` is what its address counts as, where what comes from others is another attempt.
        """
        user_id = entry.actor.user_id
        is_sign_in = entry.kind is Kind.SIGN_IN
        counted = self._counted.setdefault((is_sign_in, user_id), {})
        limit = MAX_COUNTED if user_id is None else MAX_OF_USER
        if is_sign_in and user_id is not None and self._sign_ins >= MAX_SIGN_INS:
            limit = 0
        key: tuple[object, ...] = (entry.kind, entry.outcome, place, entry.targets)
        if key not in counted and len(counted) >= limit:
            actor = Actor(OTHERS) if user_id is None else Actor(entry.actor.login, user_id)
            entry = msgspec.structs.replace(entry, actor=actor, targets=(), detail={})
            key = (entry.kind, entry.outcome)
        self._sign_ins += is_sign_in and key not in counted
        first, times = counted.get(key, (entry, 0))
        counted[key] = (first, times + 1)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WINDOW_S, self.flush)

    def flush(self) -> None:
        """Hand over to the journal what was counted so far."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        counted, self._counted, self._sign_ins = self._counted, {}, 0
        now = self.now()
        entries = [
            entry
            if times == 1
            else msgspec.structs.replace(
                entry, at=now, detail={**entry.detail, "times": times, "since": _iso(entry.at)}
            )
            for group in counted.values()
            for entry, times in group.values()
        ]
        if entries:
            self._journal.later(audit.write, *sorted(entries, key=lambda entry: entry.at))


def _iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
