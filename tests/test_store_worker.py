"""The store on its own thread: in order, off the loop, and known to be alive or not."""

import asyncio
import contextlib
import gc
import threading
import weakref
from pathlib import Path

import pytest

from xucd.center.changes import StationChanged
from xucd.center.station import Station
from xucd.config.plan import Plan
from xucd.store import AsyncStore, Store, StoreError, StoreUnavailable
from xucd.store.apply import apply
from xucd.store.journal import Journal


async def test_writes_keep_their_order_and_a_read_sees_all_before_it(
    store: Store, demo_plan: Plan
) -> None:
    worker = AsyncStore(store)
    applied = asyncio.create_task(worker.run(apply, demo_plan))
    writes = [
        asyncio.create_task(worker.run(Store.set_membership, 8, 3, penalty))
        for penalty in range(30)
    ]
    reading = asyncio.create_task(worker.run(Store.memberships))
    await asyncio.gather(applied, *writes, reading)
    assert reading.result()[8][3] == 29
    await worker.close()


async def test_the_loop_goes_on_while_the_store_works(store: Store) -> None:
    worker = AsyncStore(store)
    release = threading.Event()

    def blocked(_: Store) -> str:
        release.wait()
        return threading.current_thread().name

    waiting = asyncio.ensure_future(worker.run(blocked))
    # The loop runs this line while the store's thread is held; otherwise it would never come.
    asyncio.get_running_loop().call_soon(release.set)
    assert (await waiting).startswith("store")
    await worker.close()


async def test_an_error_reaches_the_one_who_asked_and_nobody_else(
    store: Store, demo_plan: Plan
) -> None:
    worker = AsyncStore(store)
    await worker.run(apply, demo_plan)
    refused, kept = await asyncio.gather(
        worker.run(Store.set_membership, 99, 1, 0),
        worker.run(Store.set_membership, 8, 1, 3),
        return_exceptions=True,
    )
    assert isinstance(refused, StoreError)
    assert kept is None
    # Turning down a bad value is no sign of a database in trouble.
    assert worker.alive
    await worker.close()


async def test_a_call_that_has_failed_is_kept_by_nothing(store: Store) -> None:
    class Batch:
        """What a call works on."""

    batches: list[weakref.ref[Batch]] = []

    def fail(_: Store) -> None:
        batch = Batch()
        batches.append(weakref.ref(batch))
        raise StoreError("refused")

    worker = AsyncStore(store)
    gc.disable()  # it would find even what is kept in a circle
    try:
        with contextlib.suppress(StoreError):
            await worker.run(fail)
        await worker.run(lambda _: None)  # the thread has let go of the one before
        assert [batch() for batch in batches] == [None]
    finally:
        gc.enable()
    await worker.close()


async def test_a_write_whose_asker_was_cancelled_is_done_all_the_same(
    store: Store, demo_plan: Plan
) -> None:
    worker = AsyncStore(store)
    await worker.run(apply, demo_plan)
    release = threading.Event()
    holding = asyncio.ensure_future(worker.run(lambda _: release.wait()))
    writing = asyncio.ensure_future(worker.run(Store.set_membership, 8, 3, 9))
    asyncio.get_running_loop().call_soon(writing.cancel)
    with pytest.raises(asyncio.CancelledError):
        await writing
    release.set()
    await holding
    assert (await worker.run(Store.memberships))[8][3] == 9
    await worker.close()


async def test_alive_follows_the_database(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    worker = AsyncStore(Store(f"sqlite:///{folder}/xucd.db"))
    with pytest.raises(StoreUnavailable):
        await worker.run(Store.migrate)
    assert not worker.alive
    folder.mkdir()
    await worker.run(Store.ping)
    assert not worker.alive  # it can be read, which does not mean that it can be written to
    await worker.prove(Store.migrate)
    assert worker.alive
    await worker.close()


async def test_closing_finishes_what_was_asked_for(store: Store, demo_plan: Plan) -> None:
    worker = AsyncStore(store)
    writing = asyncio.ensure_future(worker.run(apply, demo_plan))
    asyncio.get_running_loop().call_soon(lambda: None)
    await asyncio.gather(writing, worker.close())
    assert store.memberships()[8] == {1: 0, 2: 1}


@pytest.mark.parametrize("kept", [True, False])
async def test_a_station_is_written_only_if_it_is_to_be_kept(
    store: Store, demo_plan: Plan, kept: bool
) -> None:
    worker = AsyncStore(store)
    await worker.run(apply, demo_plan)
    journal = Journal(worker)
    journal.write_changes([StationChanged(Station(8, 1, True, 100.0), kept)])
    await journal.written()
    assert (8 in await worker.run(Store.stations)) is kept
    await worker.close()


async def test_what_is_only_read_does_not_wait_for_a_writer(store: Store, demo_plan: Plan) -> None:
    worker = AsyncStore(store)
    await worker.run(apply, demo_plan)
    release = threading.Event()
    holding = asyncio.ensure_future(worker.run(lambda _: release.wait()))
    assert (await worker.read(Store.memberships))[8] == {1: 0, 2: 1}
    assert not holding.done()
    release.set()
    await holding
    await worker.close()


async def test_a_write_that_hangs_is_a_database_in_trouble(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.store.worker.SLOW_S", 0.0)
    worker = AsyncStore(store)
    begun, release = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hang(_: Store) -> None:
        loop.call_soon_threadsafe(begun.set)
        release.wait()

    writing = asyncio.ensure_future(worker.prove(hang))
    await begun.wait()
    assert not worker.alive
    release.set()
    await writing
    assert worker.alive
    await worker.close()


async def test_what_each_request_depends_on_waits_for_no_other_reading_or_writing(
    store: Store,
) -> None:
    worker, release = AsyncStore(store), threading.Event()
    held = [
        asyncio.create_task(worker.read(lambda _: release.wait(30))),
        asyncio.create_task(worker.run(lambda _: release.wait(30))),
    ]
    await asyncio.sleep(0)
    assert await worker.ask(lambda _: "known") == "known"
    release.set()
    assert await asyncio.gather(*held) == [True, True]
    await worker.close()
