"""What is deleted, when, and what stays."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import select

from tests.day_figures import put_days
from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from xucd.center.audit import XUCD, AuditEntry, Kind
from xucd.center.day import AgentDay
from xucd.center.queue_day import QueueDay
from xucd.config.plan import Plan
from xucd.config.settings import Retention
from xucd.store import AsyncStore, Store, audit, retention, tables
from xucd.store.apply import apply
from xucd.store.audit import AuditSearch
from xucd.store.errors import StoreUnavailable
from xucd.store.journal import day_of
from xucd.store.retention import Interrupted, expire

NOW = 1_795_000_000.0
DAY = 86_400.0
FOR_EVER = Retention(
    figures_days=0,
    callback_tickets_days=0,
    callback_requests_days=0,
    voice_messages_days=0,
    audit_days=0,
)


def days_ago(days: float) -> float:
    return NOW - days * DAY


class Filled:
    """A store with the demo's centre, and words to put old things into it."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.store = store
        apply(store, plan)
        with store.reading() as connection:
            self.list_uuid = connection.scalar(select(tables.callback_lists.c.uuid))
            self.planned = set(connection.scalars(select(tables.callback_requests.c.uuid)))

    def request(self, age: float, *, closed: bool = True, message: str | None = None) -> UUID:
        """A request that was made, and due, so many days ago."""
        uuid = uuid4()
        with self.store.writing() as connection:
            connection.execute(
                tables.callback_requests.insert().values(
                    uuid=uuid,
                    list_uuid=self.list_uuid,
                    phone_number="0230210082",
                    due_date=day_of(days_ago(age)),
                    clotured=closed,
                    created=days_ago(age),
                    voice_message_ref=message,
                )
            )
        return uuid

    def ticket(self, age: float, request: UUID | None = None) -> UUID:
        """A ticket of a call that was made so many days ago."""
        uuid = uuid4()
        with self.store.writing() as connection:
            connection.execute(
                tables.callback_tickets.insert().values(
                    uuid=uuid,
                    request_uuid=request or uuid4(),
                    list_uuid=self.list_uuid,
                    queue_id=1,
                    phone_number="0230210082",
                    started=days_ago(age),
                )
            )
        return uuid

    def requests(self) -> set[UUID]:
        with self.store.reading() as connection:
            return set(connection.scalars(select(tables.callback_requests.c.uuid))) - self.planned

    def tickets(self) -> set[UUID]:
        with self.store.reading() as connection:
            return set(connection.scalars(select(tables.callback_tickets.c.uuid)))

    def message_of(self, request: UUID) -> str | None:
        table = tables.callback_requests
        with self.store.reading() as connection:
            return connection.scalar(
                select(table.c.voice_message_ref).where(table.c.uuid == request)
            )


@pytest.fixture
def filled(store: Store, demo_plan: Plan) -> Filled:
    return Filled(store, demo_plan)


@pytest_asyncio.fixture
async def working(filled: Filled, store_url: str) -> AsyncIterator[AsyncStore]:
    working = AsyncStore(Store(store_url))
    yield working
    await working.close()


async def test_tickets_go_after_their_days(filled: Filled, working: AsyncStore) -> None:
    old, new = filled.ticket(40), filled.ticket(20)
    assert await expire(working, Retention(callback_tickets_days=30), NOW) == {"callbackTickets": 1}
    assert filled.tickets() == {new}
    assert old != new


async def test_a_closed_request_is_kept_from_its_last_call(
    filled: Filled, working: AsyncStore
) -> None:
    filled.request(400)
    called, still_open = filled.request(400), filled.request(400, closed=False)
    filled.ticket(20, called)
    await expire(working, Retention(callback_requests_days=30), NOW)
    assert filled.requests() == {called, still_open}


async def test_the_reference_to_a_message_is_forgotten_once_its_request_is_closed(
    filled: Filled, working: AsyncStore
) -> None:
    closed = filled.request(100, message="a" * 32)
    waiting = filled.request(100, closed=False, message="b" * 32)
    await expire(working, Retention(voice_messages_days=30), NOW)
    assert (filled.message_of(closed), filled.message_of(waiting)) == (None, "b" * 32)


async def test_figures_go_after_their_days(filled: Filled, working: AsyncStore) -> None:
    for age in (10, 40):
        day = day_of(days_ago(age))
        put_days(filled.store, day, {8: AgentDay(), 9: AgentDay()})
        put_days(filled.store, day, queues={1: QueueDay()})
    deleted = await expire(working, Retention(figures_days=30), NOW)
    assert deleted == {"agentDays": 2, "queueDays": 1}
    assert filled.store.agent_days(day_of(days_ago(10))).keys() == {8, 9}
    assert filled.store.agent_days(day_of(days_ago(40))) == {}


async def test_the_trail_goes_after_its_days_and_tells_of_it(
    filled: Filled, working: AsyncStore
) -> None:
    audit.write(
        filled.store,
        *(AuditEntry(at=days_ago(age), actor=XUCD, kind=Kind.LISTEN) for age in (40, 35, 20)),
    )
    await expire(working, Retention(audit_days=30), NOW)
    found = [each.entry for each in audit.read(filled.store, AuditSearch())]
    assert [entry.at for entry in found if entry.kind is Kind.LISTEN] == [days_ago(20)]
    assert found[-1].detail == {"auditEntries": 2}


async def test_zero_days_keep_for_ever(filled: Filled, working: AsyncStore) -> None:
    request, ticket = filled.request(9000, message="c" * 32), filled.ticket(9000)
    put_days(filled.store, datetime.date(2001, 1, 1), {8: AgentDay()})
    audit.write(filled.store, AuditEntry(at=1.0, actor=XUCD, kind=Kind.LISTEN))
    assert await expire(working, FOR_EVER, NOW) == {}
    assert (filled.requests(), filled.tickets()) == ({request}, {ticket})


async def test_other_work_comes_between_two_steps(
    filled: Filled, working: AsyncStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP", 1)
    for _ in range(20):
        filled.ticket(40)
    expiring = asyncio.ensure_future(expire(working, Retention(callback_tickets_days=30), NOW))
    left = []
    while not expiring.done():
        left.append(len(await working.run(lambda _: filled.tickets())))
    assert await expiring == {"callbackTickets": 20}
    assert len(set(left)) > 10  # it was asked in the middle of the work, again and again


async def test_the_daemon_deletes_at_its_start_and_says_so(tmp_path: Path) -> None:
    xucd = LoneXucd(tmp_path)
    await xucd.prepare()
    store = xucd.store()
    put_days(store, datetime.date(2001, 1, 1), {8: AgentDay()})
    await xucd.start()
    try:
        ada = RestClient(xucd.port, xucd.token("ada"))
        async with asyncio.timeout(60):
            while True:
                _, page = await ada.ask("GET", "/audit?kind=expire")
                if page["list"]:
                    break
                await asyncio.sleep(0.05)  # over REST there is nothing to wait on
        assert store.agent_days(datetime.date(2001, 1, 1)) == {}
    finally:
        await xucd.stop()
        store.close()


async def test_what_was_deleted_before_the_database_failed_is_told_later(
    working: AsyncStore, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(store: Store, before: float, limit: int) -> int:
        raise StoreUnavailable("gone")

    def deletes(store: Store, before: float, limit: int) -> int:
        return left.pop()

    left = [0, 7, 5]
    steps = (("gaps", "figures_days", deletes), ("auditEntries", "audit_days", fails))
    monkeypatch.setattr(retention, "KEPT", steps)
    with pytest.raises(Interrupted, match="gone") as interrupted:
        await expire(working, Retention(figures_days=30, audit_days=30), NOW)
    monkeypatch.setattr(retention, "KEPT", steps[:1])
    left = [0, 1]
    again = await expire(working, Retention(figures_days=30), NOW, interrupted.value.deleted)
    assert again == {"gaps": 13}
    (told,) = await working.run(audit.read, AuditSearch(kind=Kind.EXPIRE))
    assert told.entry.detail == again


async def test_what_was_deleted_when_xucd_stops_is_told(
    working: AsyncStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def deletes(store: Store, before: float, limit: int) -> int:
        loop.call_soon_threadsafe(begun.set)
        goes_on.wait()
        return 7

    monkeypatch.setattr(retention, "KEPT", (("gaps", "figures_days", deletes),))
    expiring = asyncio.ensure_future(expire(working, Retention(figures_days=30), NOW))
    await begun.wait()
    expiring.cancel()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await expiring
    (told,) = await working.run(audit.read, AuditSearch(kind=Kind.EXPIRE))
    assert told.entry.detail == {"gaps": 7}
