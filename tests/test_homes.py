"""An agent's home is one PBX, whoever wants it at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
import pytest
from sqlalchemy import create_engine, text

from tests.conftest import TODAY
from xucd.center.day import AgentDay
from xucd.center.directory import MAIN, Agent, Directory, Group, Line, Queue, User
from xucd.center.homes import USUAL, Home, at_home
from xucd.center.station import Station
from xucd.config import center_file
from xucd.store import Store, tables
from xucd.store.apply import apply
from xucd.store.homes import HomeClaim, homes, put_station, returning, take
from xucd.store.lease import UNREACHED_S, Leases, check_owner
from xucd.store.rows import put_rows

NORTH, SOUTH = "north", "south"
LINES = {NORTH: 1, SOUTH: 2}
ADA, BEA = 1, 2
CENTER = """
[[groups]]
id = 1
name = "all"
[[queues]]
id = 1
name = "sales"
displayName = "Sales"
number = "500"
pbx = "north"
[[queues]]
id = 2
name = "sales"
displayName = "Sales south"
number = "600"
pbx = "south"
[[lines]]
id = 1
number = "101"
interface = "PJSIP/101"
pbx = "north"
[[lines]]
id = 2
number = "201"
interface = "PJSIP/201"
pbx = "south"
[[agents]]
id = 1
number = "2001"
login = "ada"
firstName = "Ada"
lastName = "A"
group = 1
line = "101"
queues = { "sales [north]" = 1, "sales [south]" = 2 }
[[agents]]
id = 2
number = "2002"
login = "bea"
firstName = "Bea"
lastName = "B"
group = 1
"""


def station(pbx: str, *, agent_id: int = ADA, logged_in: bool = True) -> Station:
    return Station(agent_id, LINES[pbx], logged_in, since=1.0, settled=not logged_in)


@pytest.fixture
def url(postgresql: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    made = postgresql(f"homes_{abs(hash(request.node.name)):x}"[:40])
    store = Store(made)
    store.migrate()
    apply(store, center_file.parse(CENTER, "center.toml", TODAY).plan)
    leases = Leases(made)
    for pbx in LINES:
        assert leases.take(pbx, f"beside-{pbx}").number == 1
    leases.close()
    store.close()
    owned_until(made, "until + 3600")  # nobody renews it
    return made


@pytest.fixture
def stores(url: str) -> Iterator[dict[str, Store]]:
    """The store of each PBX's owner."""
    made = {pbx: Store(url) for pbx in LINES}
    for pbx, store in made.items():
        store.check = partial(check_owner, pbx=pbx, number=1)
    yield made
    for store in made.values():
        store.close()


def owned_until(url: str, moment: str) -> None:
    """Have all leases end at a moment, in SQL."""
    update(url, f"until = {moment}")


def update(url: str, change: str) -> None:
    """Change the rows of the leases, in SQL."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE pbx_owners SET {change}"))
    engine.dispose()


def logs_in(stores: dict[str, Store], pbx: str, agent_id: int = ADA) -> HomeClaim:
    return take(stores[pbx], pbx, NORTH, station(pbx, agent_id=agent_id))


def logs_out(stores: dict[str, Store], pbx: str) -> None:
    assert put_station(stores[pbx], pbx, station(pbx, logged_in=False))


# -- by configuration


def directory() -> Directory:
    return Directory(
        [Group(1, "all")],
        [Queue(1, "sales", "Sales", "500")],
        [Line(1, "101", "PJSIP/101"), Line(2, "201", "PJSIP/201", pbx=SOUTH)],
        [Agent(1, "2001", "A", "A", 1, 1, line_id=2), Agent(2, "2002", "B", "B", 1, 2)],
        [User(1, "ada", "A", "A", 2, 1), User(2, "bea", "B", "B", None, 2)],
    )


def test_an_agent_of_whom_no_row_tells_is_at_home_where_its_line_is() -> None:
    whole = directory()
    assert at_home(whole.of_pbx(SOUTH), []) == {1: USUAL}
    assert at_home(whole.of_pbx(MAIN), []) == {2: USUAL}


def test_a_row_is_right_whatever_line_an_agent_has() -> None:
    whole, rows = directory(), [Home(1, MAIN, 3), Home(2, SOUTH, 7)]
    assert at_home(whole.of_pbx(SOUTH), rows) == {2: 7}
    assert at_home(whole.of_pbx(MAIN), rows) == {1: 3}


def test_with_a_single_pbx_all_are_at_home_there() -> None:
    lines = [Line(1, "101", "PJSIP/101", pbx=SOUTH)]
    assert at_home(Directory(lines=lines).of_pbx(SOUTH), [Home(1, MAIN, 3)]) is None


def test_the_default_pbx_is_the_main_one_or_the_first_of_those_that_are_named() -> None:
    north, south = Line(1, "1", "a", pbx=NORTH), Queue(1, "s", "S", "2", pbx=SOUTH)
    assert Directory().default_pbx == MAIN
    assert Directory(queues=[south], lines=[north]).default_pbx == NORTH
    assert Directory(queues=[south], lines=[Line(2, "3", "b")]).of_pbx(SOUTH).default_pbx == MAIN


# -- by rows


def test_of_two_pbxs_that_want_an_agent_at_once_one_gets_it(
    stores: dict[str, Store], log_ins: int
) -> None:
    both = threading.Barrier(2)

    def wants(pbx: str) -> HomeClaim:
        both.wait()
        return logs_in(stores, pbx)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(log_ins):
            claims = dict(zip(LINES, threads.map(wants, LINES), strict=True))
            (winner,) = [pbx for pbx, claim in claims.items() if claim.home is not None]
            (loser,) = LINES.keys() - {winner}
            (row,) = homes(stores[loser])
            assert (row.pbx, claims[loser]) == (
                winner,
                HomeClaim(None, {NORTH: "101", SOUTH: "201"}[winner]),
            )
            assert stores[loser].stations()[ADA] == station(winner)
            # What the one that has lost it still writes, it does not write over that.
            assert not put_station(stores[loser], loser, station(loser, logged_in=False))
            logs_out(stores, winner)


def test_who_asks_for_what_is_new_misses_no_change(
    url: str, stores: dict[str, Store], log_ins: int
) -> None:
    watching, known, over = Store(url), dict[int, Home](), threading.Event()
    all_at_once = threading.Barrier(3)

    def look() -> None:
        since = max((home.number for home in known.values()), default=0)
        known.update((home.agent_id, home) for home in homes(watching, since))

    def watches() -> None:
        all_at_once.wait()
        while not over.is_set():
            look()

    def wants(pbx: str, agent_id: int) -> None:
        all_at_once.wait()
        assert logs_in(stores, pbx, agent_id).home is not None
        assert put_station(stores[pbx], pbx, station(pbx, agent_id=agent_id, logged_in=False))

    with ThreadPoolExecutor(3) as threads:
        for turn in range(log_ins):
            over.clear()
            watch = threads.submit(watches)
            wanted = (NORTH, SOUTH) if turn % 2 else (SOUTH, NORTH)
            try:
                list(threads.map(wants, wanted, (ADA, BEA)))
            finally:
                over.set()
            watch.result()
            look()
            assert sorted(known.values(), key=lambda home: home.number) == homes(watching)
    watching.close()


def test_an_agent_that_is_logged_out_may_come_from_anywhere(stores: dict[str, Store]) -> None:
    assert logs_in(stores, NORTH).home == Home(ADA, NORTH, 1)
    assert logs_in(stores, SOUTH) == HomeClaim(None, "101")
    logs_out(stores, NORTH)
    assert logs_in(stores, SOUTH).home == Home(ADA, SOUTH, 2)
    assert homes(stores[NORTH], since=1) == [Home(ADA, SOUTH, 2)]
    assert homes(stores[NORTH], since=2) == []


def test_a_login_at_home_is_no_change(stores: dict[str, Store]) -> None:
    logs_in(stores, NORTH)
    logs_out(stores, NORTH)
    assert logs_in(stores, NORTH).home == Home(ADA, NORTH, 1)


def test_an_agent_whose_pbx_is_gone_may_come(url: str, stores: dict[str, Store]) -> None:
    logs_in(stores, NORTH)
    owned_until(url, "0")
    assert logs_in(stores, SOUTH).home == Home(ADA, SOUTH, 2)


def test_an_agent_whose_pbx_has_an_owner_without_asterisk_may_come_after_three_seconds(
    url: str, stores: dict[str, Store]
) -> None:
    logs_in(stores, NORTH)
    leases = Leases(url)

    def renews(*, reached: bool) -> None:
        assert leases.renew(NORTH, 1, reached=reached)
        owned_until(url, "until + 3600")  # nobody renews it besides

    def pass_by(seconds: float) -> None:
        update(url, f"unreached = unreached - {seconds}")

    renews(reached=False)
    pass_by(UNREACHED_S)
    renews(reached=True)
    renews(reached=False)
    pass_by(UNREACHED_S / 2)
    renews(reached=False)
    assert logs_in(stores, SOUTH) == HomeClaim(None, "101")
    pass_by(UNREACHED_S / 2)
    assert logs_in(stores, SOUTH).home == Home(ADA, SOUTH, 2)
    leases.close()


def test_a_new_owner_has_its_own_time_to_reach_asterisk(url: str, stores: dict[str, Store]) -> None:
    logs_in(stores, NORTH)
    leases = Leases(url)
    leases.renew(NORTH, 1, reached=False)
    update(url, "until = 0, unreached = 0")
    assert leases.take(NORTH, "another").number == 2
    leases.close()
    owned_until(url, "extract(epoch FROM now()) + 3600")
    assert logs_in(stores, SOUTH) == HomeClaim(None, "101")


def test_an_agent_logged_in_at_its_usual_pbx_of_before_there_were_rows_stays(
    stores: dict[str, Store],
) -> None:
    stores[NORTH].put_station(station(NORTH))
    assert logs_in(stores, SOUTH) == HomeClaim(None, "101")


def test_a_home_goes_with_its_agent(stores: dict[str, Store]) -> None:
    logs_in(stores, NORTH)
    with stores[NORTH].writing() as connection:
        connection.execute(tables.agents.delete().where(tables.agents.c.id == ADA))
    assert homes(stores[NORTH]) == []


def test_what_is_stored_of_an_agent_that_comes_home_is_read(stores: dict[str, Store]) -> None:
    home = logs_in(stores, SOUTH).home
    assert home is not None
    figures = AgentDay(inbound_calls=3, ready_s=7.5)
    with stores[NORTH].writing() as connection:
        row = {"agent_id": ADA, "day": TODAY, **msgspec.structs.asdict(figures)}
        put_rows(connection, tables.agent_days, [row])
    assert returning(stores[NORTH], ADA, NORTH, TODAY) is None
    found = returning(stores[SOUTH], ADA, SOUTH, TODAY)
    assert found is not None
    assert (found.home, found.group_id, found.queues) == (home, 1, {1: 1, 2: 2})
    assert (found.station, found.day, found.under_way) == (station(SOUTH), figures, None)
