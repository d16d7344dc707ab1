"""Each PBX of a centre has its own pulse and gaps, whatever the owners of others were doing."""

from __future__ import annotations

import contextlib
from uuid import UUID, uuid4

import pytest

from tests.scene import START
from tests.test_figures import HOUR, date, reading
from tests.test_homes import ADA, BEA, NORTH, SOUTH, logs_in, logs_out, owned_until
from tests.test_homes import stores as stores  # noqa: PLC0414  # a fixture
from tests.test_homes import url as url  # noqa: PLC0414  # a fixture
from xucd.center.agent import AgentState
from xucd.center.day import AgentDay
from xucd.center.directory import MAIN
from xucd.center.gaps import Gap
from xucd.center.homes import Home, at_home
from xucd.center.queue_day import QueueDay
from xucd.center.under_way import AgentUnderWay, Lately
from xucd.config.plan import Plan
from xucd.store import Store, callback_reading, gaps, resuming, tables
from xucd.store.apply import apply
from xucd.store.figures import Figures, put_figures, queue_days
from xucd.store.homes import agents_elsewhere, homes, returning
from xucd.store.journal import midnight_after
from xucd.store.lease import Leases
from xucd.store.pulse import Pulse, pulse_of
from xucd.store.resuming import Memory
from xucd.store.rows import put_rows

SALES = {NORTH: 1, SOUTH: 2}
CALLER = {NORTH: "northern", SOUTH: "southern"}
DAY = date(START)


def is_alive(stores: dict[str, Store], pbx: str, at: float, *agent_ids: int) -> None:
    """Write of a PBX that it is alive so many seconds later, and that agents are ready by then."""
    ready = AgentUnderWay(AgentState.READY, START, START + at)
    put_figures(
        stores[pbx],
        Figures(
            DAY,
            Pulse(reading(at), Lately()),
            agents={each: (AgentDay(ready_s=at, login_at=START), ready) for each in agent_ids},
            queues={(DAY, SALES[pbx]): QueueDay(entered=1, waiting={CALLER[pbx]: START})},
            pbx=pbx,
        ),
        several_pbxs=True,
    )


def starts(store: Store, pbx: str, at: float, step: float = 0.0) -> Memory:
    """Start an owner, the clock having been set by so much; it has been there before."""
    found = resuming.resume(store, pbx, reading(at, step), midnight_after)
    assert found is not None
    return found


def elsewhere(store: Store, pbx: str) -> set[int]:
    with store.reading() as connection:
        return set(connection.scalars(agents_elsewhere(connection, pbx)))


def waits_since(stores: dict[str, Store]) -> dict[str, float]:
    found = queue_days(stores[NORTH], DAY)
    return {pbx: found[SALES[pbx]].waiting[CALLER[pbx]] - START for pbx in SALES}


# -- what an owner goes on from


def test_an_owner_that_was_away_while_another_was_there_has_a_gap(
    stores: dict[str, Store],
) -> None:
    is_alive(stores, NORTH, 10, ADA)
    is_alive(stores, SOUTH, 10)
    is_alive(stores, SOUTH, 600)
    found = starts(stores[NORTH], NORTH, 610)
    assert (found.gap.began, found.gap.pbx, found.heard_until) == (START + 10, NORTH, START + 10)
    assert found.resumed.agents[ADA].until == START + 10
    assert stores[NORTH].agent_days(DAY)[ADA].ready_s == 10
    assert [gap.pbx for gap in gaps.gaps(stores[SOUTH], 0)] == [NORTH]


def test_a_pbx_whose_owner_starts_for_the_first_time_has_no_gap(stores: dict[str, Store]) -> None:
    is_alive(stores, NORTH, 10)
    assert resuming.resume(stores[SOUTH], SOUTH, reading(11), midnight_after) is None
    assert resuming.resume(stores[SOUTH], SOUTH, reading(12), midnight_after) is not None
    assert [gap.pbx for gap in gaps.gaps(stores[NORTH], 0)] == [SOUTH]


def test_a_node_that_takes_a_pbx_over_goes_on_with_its_pulse_and_gap(
    url: str, stores: dict[str, Store]
) -> None:
    lost = Gap(UUID(int=1), START + 5, "LinkLost", pbx=NORTH)
    gaps.open_gap(stores[NORTH], lost)
    is_alive(stores, NORTH, 10)
    is_alive(stores, SOUTH, 600)
    owned_until(url, "0")
    with contextlib.closing(Leases(url)) as leases:
        assert leases.take(NORTH, "standby").number == 2
    with contextlib.closing(Store(url)) as standby:
        found = starts(standby, NORTH, 620)
        assert (found.gap, found.heard_until) == (lost, START + 10)
        assert gaps.gaps(standby, 0) == [lost]


def test_a_gap_of_another_pbx_that_is_not_closed_stays_its_own(stores: dict[str, Store]) -> None:
    of_south = Gap(UUID(int=1), START + 1, "LinkLost", pbx=SOUTH)
    gaps.open_gap(stores[SOUTH], of_south)
    is_alive(stores, NORTH, 10)
    own = starts(stores[NORTH], NORTH, 20).gap
    assert gaps.gaps(stores[NORTH], 0) == [of_south, own]


def test_a_start_counts_only_agents_whose_home_it_is_to_its_pulse(
    stores: dict[str, Store],
) -> None:
    assert logs_in(stores, SOUTH, BEA).home is not None
    is_alive(stores, NORTH, 10, ADA)
    is_alive(stores, SOUTH, 10, BEA)
    is_alive(stores, NORTH, 300)
    assert set(starts(stores[NORTH], NORTH, 310).resumed.agents) == {ADA}
    days = stores[NORTH].agent_days(DAY)
    assert (days[ADA].ready_s, days[BEA].ready_s) == (300, 10)
    assert set(starts(stores[SOUTH], SOUTH, 310).resumed.agents) == {BEA}
    assert stores[SOUTH].agent_days(DAY)[BEA].ready_s == 10


def test_an_agent_that_has_left_a_dead_home_is_counted_as_its_home_would_have(
    url: str, stores: dict[str, Store]
) -> None:
    assert logs_in(stores, NORTH).home is not None
    is_alive(stores, NORTH, 10, ADA)
    is_alive(stores, NORTH, 40)
    is_alive(stores, SOUTH, 600)
    owned_until(url, "0")
    claim = logs_in(stores, SOUTH)
    assert (claim.alive, claim.left) == (START + 40, None)
    back = returning(stores[SOUTH], ADA, SOUTH, DAY)
    assert back is not None
    assert back.under_way is not None
    assert back.under_way.until == START + 10
    # The former home is back, and has nothing more to say of it.
    assert starts(stores[NORTH], NORTH, 700).resumed.agents == {}
    assert returning(stores[SOUTH], ADA, SOUTH, DAY) == back


def test_an_agent_that_was_logged_out_before_its_home_died_is_counted_to_its_logout(
    stores: dict[str, Store],
) -> None:
    assert logs_in(stores, NORTH).home is not None
    logs_out(stores, NORTH)  # at the second 1 of all time
    is_alive(stores, NORTH, 40)
    claim = logs_in(stores, SOUTH)
    assert (claim.alive, claim.left) == (1.0, 1.0)


# -- a clock that is set


@pytest.mark.parametrize("down", [False, True], ids=["while it runs", "while it is down"])
def test_a_clock_that_is_set_moves_what_is_of_each_pbx_once(
    stores: dict[str, Store], *, down: bool
) -> None:
    assert logs_in(stores, NORTH, ADA).home is not None
    assert logs_in(stores, SOUTH, BEA).home is not None
    is_alive(stores, NORTH, 10, ADA)
    is_alive(stores, SOUTH, 10, BEA)
    for pbx, store in stores.items():
        gaps.open_gap(store, Gap(uuid4(), START + 5, "LinkLost", pbx=pbx))
    agents = {NORTH: ADA, SOUTH: BEA}
    moved = dict.fromkeys(agents, 0.0)
    for pbx in (SOUTH, NORTH):
        if down:
            starts(stores[pbx], pbx, 20, HOUR)
        else:
            resuming.shift(stores[pbx], pbx, reading(20, HOUR))
        moved[pbx] = HOUR
        days, stations = stores[pbx].agent_days(DAY), stores[pbx].stations()
        login = {each: days[agent_id].login_at for each, agent_id in agents.items()}
        assert login == {each: START + moved[each] for each in agents}
        since = {each: stations[agent_id].since for each, agent_id in agents.items()}
        assert since == {each: 1.0 + moved[each] for each in agents}
        assert waits_since(stores) == moved
        began = {gap.pbx: gap.began - START - 5 for gap in gaps.gaps(stores[pbx], 0)}
        assert began == moved
        with stores[pbx].reading() as connection:
            under_way = {
                row.agent_id: row.since
                for row in connection.execute(tables.agents_under_way.select())
            }
        assert under_way == {agents[each]: START + moved[each] for each in agents}


def test_a_clock_that_is_set_moves_the_callbacks_that_are_called_on_its_pbx(
    stores: dict[str, Store],
) -> None:
    is_called(stores[NORTH], NORTH, SOUTH)
    is_alive(stores, SOUTH, 10)
    resuming.shift(stores[SOUTH], SOUTH, reading(20, HOUR))
    assert callbacks(stores[NORTH], *SALES) == {NORTH: START, SOUTH: START + HOUR}


def is_called(store: Store, *pbxs: str) -> None:
    """A callback is being called on each PBX."""
    columns = tables.callback_tickets.c
    unknown = {column.name: None for column in columns if column.nullable}
    with store.writing() as connection:
        for pbx in pbxs:
            uuid = uuid4()
            ids = {"uuid": uuid, "request_uuid": uuid, "list_uuid": uuid, "queue_id": 1}
            called = {**unknown, **ids, "phone_number": "0230210092", "started": START}
            put_rows(connection, tables.callback_tickets, [{**called, "pbx": pbx}])


def callbacks(store: Store, *pbxs: str) -> dict[str, float]:
    """When the callbacks that are called on these PBXs began."""
    found = [each for pbx in pbxs for each in callback_reading.unfinished_tickets(store, pbx)]
    return {ticket.pbx: ticket.started for ticket in found}


# -- whose agents they are, and which PBXs there are


def test_the_homes_of_agents_are_the_same_to_the_database_as_to_the_model(
    stores: dict[str, Store],
) -> None:
    def agree() -> set[int]:
        directory, rows = stores[NORTH].directory(), homes(stores[NORTH])
        for pbx, store in stores.items():
            own = at_home(directory.of_pbx(pbx), rows)
            assert own is not None
            assert elsewhere(store, pbx) == {ADA, BEA} - own.keys()
        return elsewhere(stores[NORTH], NORTH)

    assert agree() == set()
    with stores[NORTH].writing() as connection:
        connection.execute(
            tables.users.update().where(tables.users.c.login == "bea"), {"line_id": 2}
        )
    assert agree() == {BEA}
    assert logs_in(stores, SOUTH, ADA).home == Home(ADA, SOUTH, 1)
    assert agree() == {ADA, BEA}


def test_of_a_single_pbx_all_agents_are_at_home_there_whatever_rows_say(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    with store.writing() as connection:
        put_rows(connection, tables.agent_homes, [{"agent_id": 8, "pbx": "gone", "number": 1}])
    assert elsewhere(store, MAIN) == set()


def test_a_gap_of_a_pbx_that_the_centre_has_no_longer_is_not_told(
    stores: dict[str, Store],
) -> None:
    gaps.open_gap(stores[NORTH], Gap(uuid4(), START, "LinkLost", pbx="west"))
    assert gaps.gaps(stores[NORTH], 0) == []


def test_the_only_pbx_goes_on_with_its_pulse_gaps_and_callbacks_when_it_gets_a_name(
    stores: dict[str, Store],
) -> None:
    put_figures(stores[NORTH], Figures(DAY, Pulse(reading(0), Lately())))
    gap = Gap(uuid4(), START - 5, "LinkLost")
    gaps.open_gap(stores[NORTH], gap)
    is_called(stores[NORTH], MAIN)
    assert resuming.resume(stores[SOUTH], SOUTH, reading(9), midnight_after) is None
    found = starts(stores[NORTH], NORTH, 10)
    assert (found.gap.uuid, found.gap.pbx, found.gap.began) == (gap.uuid, NORTH, START - 5)
    with stores[NORTH].reading() as connection:
        assert pulse_of(connection, MAIN) is None
    assert callbacks(stores[NORTH], MAIN, NORTH) == {NORTH: START}
