"""A PBX has one owner at a time, and who is not the owner any more writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import create_engine, text

from tests.ami_wire import Wire
from xucd.ami import actions
from xucd.ami.errors import ConnectionLost
from xucd.ami.protocol import ManagerProtocol
from xucd.app.ownership import Ownership, Tenure
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.store import AsyncStore, Store, StoreUnavailable, tables
from xucd.store.journal import Journal
from xucd.store.lease import LEASE_S, Leases, check_owner
from xucd.store.rows import put_rows

PBX = "main"


@pytest.fixture
def url(postgresql: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    name = f"lease_{abs(hash(request.node.name)):x}"[:40]
    made = postgresql(name)
    store = Store(made)
    store.migrate()
    store.close()
    return made


@pytest.fixture
def leases(url: str) -> Iterator[Leases]:
    leases = Leases(url)
    yield leases
    leases.close()


def end_lease(url: str) -> None:
    """Have the lease ended, without waiting for it."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE pbx_owners SET until = until - 3600"))
    engine.dispose()


def note(store: Store, value: str) -> None:
    with store.writing() as connection:
        put_rows(connection, tables.meta, [{"key": "of", "value": value}])


def test_of_several_that_want_a_pbx_at_once_one_gets_it(url: str) -> None:
    nodes = [f"node-{n}" for n in range(8)]
    several = [Leases(url) for _ in nodes]
    with ThreadPoolExecutor(len(nodes)) as threads:
        claims = list(threads.map(lambda each, node: each.take(PBX, node), several, nodes))
    for each in several:
        each.close()
    assert sorted(claim.number for claim in claims if claim.number is not None) == [1]


def test_a_lease_that_has_not_ended_is_nobody_elses_nor_the_same_nodes(leases: Leases) -> None:
    first = leases.take(PBX, "one")
    assert first.number == 1
    assert leases.take(PBX, "two") == (None, first.until)
    assert leases.take(PBX, "one") == (None, first.until)
    assert leases.take("north", "two").number == 1


def test_a_lease_that_has_ended_is_taken_under_another_number(url: str, leases: Leases) -> None:
    leases.take(PBX, "one")
    end_lease(url)
    assert leases.take(PBX, "two").number == 2
    assert not leases.renew(PBX, 1)
    assert leases.renew(PBX, 2)


def test_a_lease_that_has_ended_and_that_nobody_took_is_renewed(url: str, leases: Leases) -> None:
    leases.take(PBX, "one")
    end_lease(url)
    assert leases.renew(PBX, 1)
    assert leases.take(PBX, "two").number is None


def test_a_pbx_that_is_given_up_is_free_at_once(leases: Leases) -> None:
    leases.take(PBX, "one")
    leases.give_up(PBX, 1)
    assert leases.take(PBX, "two").number == 2
    leases.give_up(PBX, 1)  # late, of the one before
    assert leases.take(PBX, "three").number is None


def test_a_lease_is_by_the_databases_clock(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    leases.take(PBX, "one")
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert leases.take(PBX, "two").number is None


def test_an_import_does_not_keep_a_lease_from_being_renewed(url: str, leases: Leases) -> None:
    leases.take(PBX, "one")
    store = Store(url)
    with store.writing(alone=True):
        assert leases.renew(PBX, 1)
    store.close()


def test_what_a_former_owner_writes_fails_as_a_whole(url: str, leases: Leases) -> None:
    former, present = Store(url), Store(url)
    former.check = partial(check_owner, pbx=PBX, number=1)
    present.check = partial(check_owner, pbx=PBX, number=2)
    leases.take(PBX, "one")
    note(former, "one")
    end_lease(url)
    leases.take(PBX, "two")
    with pytest.raises(StoreUnavailable, match="another node owns the PBX 'main'"):
        note(former, "one again")
    with present.reading() as connection:
        noted = connection.scalars(text("SELECT value FROM meta WHERE key = 'of'")).all()
    assert noted == ["one"]
    note(present, "two")
    former.close()
    present.close()


def test_a_pbx_is_not_taken_amid_a_transaction_of_its_owner(url: str, leases: Leases) -> None:
    store = Store(url)
    store.check = partial(check_owner, pbx=PBX, number=1)
    leases.take(PBX, "one")
    with store.writing():
        end_lease(url)
        with pytest.raises(StoreUnavailable, match="statement timeout"):
            leases.take(PBX, "two")
    assert leases.take(PBX, "two").number == 2
    store.close()


def test_an_owner_that_froze_amid_a_transaction_is_cut_off(url: str, leases: Leases) -> None:
    store = Store(url)
    store.check = partial(check_owner, pbx=PBX, number=1)
    leases.take(PBX, "one")
    with pytest.raises(StoreUnavailable), store.writing() as connection:
        end_lease(url)
        number = None
        while number is None:
            try:
                number = leases.take(PBX, "two").number
            except StoreUnavailable:  # its patience is shorter than the server's
                continue
        connection.execute(text("SELECT 1"))
    assert number == 2
    store.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_lease_ends_here_before_it_does_in_the_database(leases: Leases) -> None:
    clock = Clock()
    ownership = Ownership(leases, PBX, "one", clock)
    await ownership.take()
    assert ownership.holds(1)
    clock.now += LEASE_S - 0.6
    assert ownership.holds(1)
    clock.now += 0.2
    assert not ownership.holds(1)
    await ownership.renew()
    assert ownership.holds(1)
    ownership.close()


async def test_an_owner_knows_that_another_has_taken_its_place(url: str, leases: Leases) -> None:
    one, two = Ownership(leases, PBX, "one", Clock()), Ownership(Leases(url), PBX, "two", Clock())
    await one.take()
    end_lease(url)
    await two.take()
    await one.renew()
    assert not one.holds(1)
    assert one.number is None
    assert two.holds(2)
    assert not two.holds(1)
    one.close()
    two.close()


async def test_the_journal_of_a_former_owner_writes_nothing(url: str, leases: Leases) -> None:
    one, store = Ownership(leases, PBX, "one"), Store(url)
    await one.take()
    assert one.number is not None
    store.check = Tenure(one, one.number).check
    end_lease(url)
    other = Leases(url)
    other.take(PBX, "two")
    kept = AsyncStore(store)
    journal = Journal(kept)
    with pytest.raises(Refused) as refused:
        await journal.put_station(Station(agent_id=8, line_id=1, logged_in=True, since=1.0))
    assert refused.value.code == "StoreUnavailable"
    journal.close()
    await kept.close()
    other.close()
    one.close()


async def test_nothing_is_asked_of_asterisk_once_the_lease_has_ended() -> None:
    held = True
    manager, wire = ManagerProtocol(lambda _: None, may_write=lambda: held), Wire()
    manager.connection_made(wire)
    first = manager.begin(actions.ping(), 1)
    before = wire.written
    second = manager.begin(actions.ping(), 1)  # with what else this turn has
    held = False
    for each in (first, second):
        with pytest.raises(ConnectionLost):
            await each
    assert wire.written == before
    assert wire.closing


async def test_an_action_that_may_not_be_written_fails_as_on_a_lost_connection() -> None:
    manager, wire = ManagerProtocol(lambda _: None, may_write=lambda: False), Wire()
    manager.connection_made(wire)
    with pytest.raises(ConnectionLost):
        await manager.query(actions.ping(), 1)
    assert wire.written == b""
    assert wire.closing
