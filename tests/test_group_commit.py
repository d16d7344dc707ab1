"""What waits is written in one transaction, each write by itself all the same."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select, text

from tests.held_store import Held
from tests.scene import Scene
from xucd.app.users import SignInRecords
from xucd.center.changes import StationChanged
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.config.plan import Plan
from xucd.store import Store, StoreError, StoreUnavailable, tables
from xucd.store.apply import apply
from xucd.store.group_commit import RowWrite, Write, write_together
from xucd.store.journal import Journal
from xucd.store.pulse import ClockReading, Heard
from xucd.store.rows import put_rows

AGENT, STRANGER = 8, 99


@pytest.fixture
def store(store: Store, demo_plan: Plan) -> Store:
    apply(store, demo_plan)
    return store


def member(agent_id: int, queue_id: int, penalty: int) -> RowWrite:
    row = {"agent_id": agent_id, "queue_id": queue_id, "penalty": penalty}
    values = row if penalty >= 0 else None
    return RowWrite(tables.memberships, (agent_id, queue_id), values)


def test_many_writes_are_one_transaction(store: Store, commits: list[None]) -> None:
    writes = [member(AGENT, queue_id, 7) for queue_id in (1, 2, 3)]
    assert write_together(store, writes) == [None] * 3
    assert store.memberships()[AGENT] == {1: 7, 2: 7, 3: 7}
    assert len(commits) == 1


def test_of_writes_of_one_row_the_last_one_counts(store: Store) -> None:
    write_together(store, [member(AGENT, 3, 1), member(AGENT, 3, 2), member(AGENT, 1, 5)])
    write_together(store, [member(AGENT, 1, 6), member(AGENT, 1, -1), member(AGENT, 2, -1)])
    write_together(store, [member(AGENT, 2, -1), member(AGENT, 2, 4)])
    assert store.memberships()[AGENT] == {2: 4, 3: 2}


@pytest.mark.parametrize("failing", [{0}, {6}, {3}, {2, 3}, {0, 6}, set(range(7))], ids=str)
def test_a_write_that_fails_takes_no_other_with_it(store: Store, failing: set[int]) -> None:
    with store.writing() as connection:
        connection.execute(tables.memberships.delete())
    writes = [member(STRANGER if n in failing else AGENT, 1 + n % 3, n) for n in range(7)]
    outcomes = write_together(store, writes)
    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, StoreError)} == failing
    wanted = {1 + n % 3: n for n in range(7) if n not in failing}
    assert store.memberships().get(AGENT, {}) == wanted


def test_what_a_function_returns_or_raises_is_its_own_outcome(store: Store) -> None:
    def fails(_: Store) -> None:
        raise Refused("NotAuthorized")

    writes: list[Write] = [
        lambda store: store.memberships()[AGENT],
        member(AGENT, 3, 9),
        fails,
        lambda store: store.memberships()[AGENT],
    ]
    before, put, refused, after = write_together(store, writes)
    assert put is None
    assert isinstance(refused, Refused)
    assert after == {**before, 3: 9}


def test_nothing_is_written_behind_what_could_not_be(store: Store) -> None:
    def invalid(_: Store) -> None:
        raise ValueError("never to be written")

    def away(_: Store) -> None:
        raise StoreUnavailable("the disk is full")

    before = store.memberships()[AGENT]
    for writes in ([away], [invalid, away], [member(AGENT, 3, 1), invalid, away, invalid]):
        with pytest.raises(StoreUnavailable):
            write_together(store, [*writes, member(AGENT, 3, 2)])
    assert store.memberships()[AGENT] == before


@pytest.mark.parametrize("refused", [1, 50, 99])
def test_however_many_are_refused_the_others_are_one_transaction(
    store: Store, commits: list[None], refused: int
) -> None:
    carried_out: Counter[int] = Counter()

    def write(number: int) -> Write:
        def put(store: Store) -> int:
            carried_out[number] += 1
            store.set_membership(AGENT, 3, number)
            if number % 100 < refused:
                raise Refused("NotAuthorized")
            return number

        return put

    outcomes = write_together(store, [write(number) for number in range(200)])
    for number, outcome in enumerate(outcomes):
        assert isinstance(outcome, Refused) if number % 100 < refused else outcome == number
    assert store.memberships()[AGENT][3] == 199
    assert len(commits) == 1
    assert max(carried_out.values()) <= 2


@pytest.mark.parametrize("last", [False, True], ids=["stays", "is replaced"])
def test_what_a_write_did_before_it_was_refused_is_undone(store: Store, last: bool) -> None:
    def refuses(store: Store) -> None:
        store.set_membership(AGENT, 1, 99)
        store.remove_membership(AGENT, 3)
        raise Refused("NotAuthorized")

    writes: list[Write] = [member(AGENT, 3, 5), refuses, member(STRANGER, 1, 1)]
    outcomes = write_together(store, [*writes, member(AGENT, 3, 6)] if last else writes)
    assert [type(outcome) for outcome in outcomes[:3]] == [type(None), Refused, StoreError]
    found = store.memberships()[AGENT]
    assert found[1] != 99
    assert found[3] == (6 if last else 5)


@pytest.mark.parametrize("failing", [0, 1])
def test_rows_that_belong_together_are_written_all_or_none(store: Store, failing: int) -> None:
    before = store.memberships()[AGENT]
    together = [member(STRANGER if n == failing else AGENT, 1 + n, 9) for n in range(2)]
    outcomes = write_together(store, [together, member(AGENT, 3, 7)])
    assert [type(outcome) for outcome in outcomes] == [StoreError, type(None)]
    assert store.memberships()[AGENT] == {**before, 3: 7}
    assert write_together(store, [[member(AGENT, 1, 8), member(AGENT, 2, 8)]]) == [None]
    assert store.memberships()[AGENT] == {1: 8, 2: 8, 3: 7}


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_an_import_and_a_transaction_of_many_do_not_lock_each_other_out(
    store: Store, store_url: str
) -> None:
    """The import changes the rows in another order. One of the two would be refused."""
    other = Store(store_url)

    def imports() -> None:
        with other.writing(alone=True) as connection:
            for queue_id in (2, 1):
                row = {"agent_id": AGENT, "queue_id": queue_id, "penalty": 9}
                put_rows(connection, tables.memberships, [row])

    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    def begin_import(_: Store) -> Future[None]:
        begun = thread.submit(imports)
        while not begun.done():
            with other.reading() as connection:
                if connection.scalar(waiting):
                    break
        return begun

    with ThreadPoolExecutor(1) as thread:
        _, importing, _ = write_together(
            store, [member(AGENT, 1, 5), begin_import, member(AGENT, 2, 5)]
        )
        importing.result()
    other.close()
    found = store.memberships()[AGENT]
    assert (found[1], found[2]) == (9, 9)


async def test_what_comes_while_a_transaction_is_written_is_the_next_one(
    held: Held, store: Store, commits: list[None]
) -> None:
    asked = [
        asyncio.ensure_future(held.journal.set_membership(AGENT, 3, penalty))
        for penalty in range(50)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.append(asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 99)))
    await asyncio.sleep(0)
    await held.release()
    await asyncio.gather(*asked)
    assert store.memberships()[AGENT][3] == 99
    assert len(commits) == 2


async def test_nobody_waits_for_what_others_write_later(held: Held, store: Store) -> None:
    mine = Station(AGENT, 1, True, 100.0)
    held.journal.write_changes([StationChanged(mine, True)])
    place = held.journal.later(lambda _: None)
    waiting = [
        asyncio.ensure_future(held.journal.station_written(AGENT)),
        asyncio.ensure_future(held.journal.written(place)),
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    never = threading.Event()
    later = held.journal.later(lambda _: assert_released(never))
    await held.release()
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)
    never.set()
    await held.journal.written(later)
    assert store.stations()[AGENT] == mine


async def until_taken(journal: Journal) -> None:
    """Until the journal knows what has been written: while it fails, `written` says so at once."""
    while True:
        try:
            await journal.written()
        except Refused:
            await journal._progressed.wait()
        else:
            return


def assert_released(event: threading.Event) -> None:
    assert event.wait(10)


async def test_what_is_asked_for_is_refused_at_once_while_older_changes_wait(
    held: Held, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.store.journal.RETRY_S", 0.01)
    away, done = [True], []
    written, loop = asyncio.Event(), asyncio.get_running_loop()

    def change(_: Store) -> None:
        if away:
            raise StoreUnavailable("away")
        done.append("change")
        loop.call_soon_threadsafe(written.set)

    held.journal.later(change)
    beside = asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 1))
    await asyncio.sleep(0)
    await held.release()
    with pytest.raises(Refused, match="StoreUnavailable"):
        await beside
    with pytest.raises(Refused, match="StoreUnavailable"):
        await held.journal.set_membership(AGENT, 3, 2)
    with pytest.raises(Refused, match="StoreUnavailable"):
        await held.journal.written()
    away.clear()
    async with asyncio.timeout(10):
        await written.wait()
    await until_taken(held.journal)
    await held.journal.set_membership(AGENT, 3, 3)
    assert store.memberships()[AGENT][3] == 3
    assert done == ["change"]


async def test_what_came_behind_a_transaction_that_fails_is_refused_with_it(held: Held) -> None:
    def change(_: Store) -> None:
        raise StoreUnavailable("away")

    held.journal.later(change)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    behind = asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 1))
    await asyncio.sleep(0)
    await held.release()
    with pytest.raises(Refused, match="StoreUnavailable"):
        await behind  # a change is retried after a second, and this would be only then


async def test_who_waits_when_the_journal_is_closed_is_told(held: Held) -> None:
    asked = asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 1))
    await asyncio.sleep(0)
    held.journal.close()
    with pytest.raises(Refused, match="StoreUnavailable"):
        await asked


async def test_what_nobody_waits_for_is_written_with_what_is_asked_for(
    held: Held, store: Store, commits: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.store.journal.LATER_S", 3600)
    await held.release()
    for since in range(20):
        held.journal.write_changes([StationChanged(Station(AGENT, 1, True, float(since)), True)])
        await asyncio.sleep(0)
    await held.worker.run(Store.ping)
    assert not commits
    await held.journal.set_membership(AGENT, 3, 4)
    assert len(commits) == 1
    assert store.stations()[AGENT].since == 19


async def test_what_nobody_waits_for_is_written_all_the_same(held: Held) -> None:
    written, loop = asyncio.Event(), asyncio.get_running_loop()

    def write(_: Store) -> None:
        loop.call_soon_threadsafe(written.set)

    await held.release()
    for _ in range(2):
        written.clear()
        held.journal.later(write)
        async with asyncio.timeout(10):
            await written.wait()


async def test_a_command_after_a_resynchronisation_waits_for_two_transactions_at_most(
    held: Held, store: Store, commits: list[None]
) -> None:
    everybody = [Station(AGENT, 1, True, float(n)) for n in range(2000)]
    held.journal.write_changes(StationChanged(station, True) for station in everybody)
    asked = asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 4))
    await asyncio.sleep(0)
    await held.release()
    await asked
    assert len(commits) <= 2
    assert store.stations()[AGENT] == everybody[-1]


async def test_a_write_waits_for_no_end_of_a_steady_stream(held: Held) -> None:
    """Each write hands in the next, as long as the test lasts: the queue is never empty."""
    loop, going = asyncio.get_running_loop(), [True]

    def again(_: Store) -> None:
        if going:
            loop.call_soon_threadsafe(held.journal.later, again)

    held.journal.later(again)
    scene = Scene()
    await held.release()
    async with asyncio.timeout(10):
        await held.journal.written()
        await held.journal.save_figures(
            lambda: scene.center,
            lambda: ClockReading(scene.now, scene.now, "this"),
            lambda: Heard(scene.now),
        )
    going.clear()


async def test_what_a_clock_that_was_set_has_moved_is_moved_before_later_figures(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr("xucd.store.journal.put_figures", lambda *_, **__: order.append("figures"))
    scene = Scene()
    reading = ClockReading(scene.now, scene.now, "this")
    held.journal.later(lambda _: order.append("shift"))
    heard = Heard(scene.now)
    saving = held.journal.save_figures(lambda: scene.center, lambda: reading, lambda: heard)
    saved = asyncio.ensure_future(saving)
    await asyncio.sleep(0)
    held.journal.later(lambda _: order.append("later"))
    await held.release()
    await saved
    await held.journal.written()
    assert order == ["shift", "figures", "later"]


async def test_a_write_whose_asker_was_cancelled_is_done_all_the_same(
    held: Held, store: Store
) -> None:
    asked = asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 4))
    await asyncio.sleep(0)
    asked.cancel()
    await held.release()
    await held.journal.written()
    assert store.memberships()[AGENT][3] == 4


async def test_who_may_not_any_more_when_it_is_its_turn_writes_nothing(
    held: Held, store: Store
) -> None:
    dismissed: list[None] = []

    def check() -> None:
        if dismissed:
            raise Refused("NotAuthorized")

    asked = asyncio.ensure_future(held.journal.set_agent_group(AGENT, 2, check))
    other = asyncio.ensure_future(held.journal.set_membership(AGENT, 3, 4))
    await asyncio.sleep(0)
    dismissed.append(None)
    await held.release()
    with pytest.raises(Refused, match="NotAuthorized"):
        await asked
    await other
    assert store.directory().agents[AGENT].group_id != 2
    assert store.memberships()[AGENT][3] == 4


async def test_many_who_sign_out_wait_for_one_transaction(
    held: Held, store: Store, commits: list[None]
) -> None:
    records = SignInRecords(held.worker, held.journal)
    ending = [
        asyncio.ensure_future(records.end_sign_in(f"sid-{number}", 2e9)) for number in range(50)
    ]
    await asyncio.sleep(0)
    await held.release()
    await asyncio.gather(*ending)
    assert len(commits) == 1
    assert len(store.ended_sign_ins(1e9)) == 50


async def test_a_membership_and_that_it_is_not_settled_are_never_two_transactions(
    held: Held, store: Store, commits: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.store.journal.MAX_TOGETHER", 1)
    unsettled = Station(AGENT, 1, True, 100.0, settled=False)
    await held.release()
    await held.journal.set_membership(AGENT, 3, 4, unsettled)
    await held.journal.written()
    assert len(commits) == 1
    assert store.memberships()[AGENT][3] == 4
    assert store.stations()[AGENT] == unsettled


def test_a_row_without_a_column_that_has_a_default_is_refused_before_anything_is_written(
    store: Store,
) -> None:
    key, n = Column("id", Integer, primary_key=True), Column("n", Integer)
    table = Table("marks", MetaData(), key, n, Column("filled", Integer, default=7))
    with store.writing() as connection:
        table.create(connection)
        with pytest.raises(AssertionError, match="default"):
            put_rows(connection, table, [{"id": 1, "n": 2}])
        put_rows(connection, table, [{"id": 1, "n": 2, "filled": 3}])
        assert connection.execute(select(table)).all() == [(1, 2, 3)]
        table.drop(connection)
