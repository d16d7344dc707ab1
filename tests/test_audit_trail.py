"""The trail as the daemon writes it: durable before the answer, bounded, and never in the way."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import pytest_asyncio

from tests.scene import ALICE, BRUCE
from tests.test_recording import Table
from tests.test_station_locks import Table as Stations
from tests.test_station_locks import settle
from xucd.app.audited import AuditedCommands
from xucd.center.audit import Actor, AuditEntry, Kind, Target
from xucd.center.directory import Profile, User
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.commands.locks import agent_key
from xucd.commands.login import log_out
from xucd.cti.commands import AgentLogin, ListenAgent, MonitorPause
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.store import AsyncStore, Store, audit
from xucd.store.audit import AuditSearch, StoredEntry
from xucd.store.audit_trail import MAX_COUNTED, MAX_OF_USER, MAX_SIGN_INS, AuditTrail
from xucd.store.journal import Journal

PAUSED = AuditEntry(at=1.0, actor=Actor("sue", 7), kind=Kind.PAUSE_RECORDING)


class Away:
    """A store whose folder is not there until `come_back`, with its journal and its trail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mounted"
        self.store = AsyncStore(Store(f"sqlite:///{self.folder}/xucd.db"))
        self.journal = Journal(self.store)
        self.trail = AuditTrail(self.journal, lambda: 100.0)

    async def come_back(self) -> None:
        self.folder.mkdir()
        await self.store.run(Store.migrate)

    async def entries(self) -> list[AuditEntry]:
        found: list[StoredEntry] = await self.store.run(audit.read, AuditSearch(limit=1000))
        return [each.entry for each in found]


@pytest_asyncio.fixture
async def away(tmp_path: Path) -> AsyncIterator[Away]:
    away = Away(tmp_path)
    yield away
    away.trail.flush()
    away.journal.close()
    await away.store.close()


@pytest_asyncio.fixture
async def here(away: Away) -> Away:
    await away.come_back()
    return away


async def test_an_entry_is_durable_when_record_returns(here: Away) -> None:
    await here.trail.record(PAUSED)
    # Not by way of the same thread: what another process would see.
    other = Store(f"sqlite:///{here.folder}/xucd.db")
    assert [each.entry for each in audit.read(other, AuditSearch())] == [PAUSED]
    other.close()


async def test_an_entry_waits_for_the_database_and_does_not_stand_in_the_way(away: Away) -> None:
    await away.trail.record(PAUSED)
    await away.come_back()
    async for _ in _written(away):
        pass
    assert await away.entries() == [PAUSED]


async def _written(away: Away) -> AsyncIterator[None]:
    """Until the journal has written all: while it fails, `written` says so at once."""
    while True:
        try:
            await away.journal.written()
        except Refused:
            await away.journal._progressed.wait()
            yield
        else:
            return


async def test_what_cannot_be_written_is_not_retried_once_the_store_is_to_close(away: Away) -> None:
    await away.trail.record(PAUSED)
    away.journal.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_must_not_go_unseen_is_refused_while_the_database_is_away(away: Away) -> None:
    with pytest.raises(Refused, match="StoreUnavailable"):
        await away.trail.require(PAUSED)


async def test_refusals_are_counted_and_told_at_once_to_who_reads_the_trail(here: Away) -> None:
    failed = AuditEntry(
        at=1.0, actor=Actor("bruce", 1, "10.0.0.9"), kind=Kind.SIGN_IN, outcome="InvalidCredentials"
    )
    for _ in range(1000):
        here.trail.count(failed)
    assert await here.entries() == []
    here.trail.flush()
    await here.journal.written()
    (told,) = await here.entries()
    assert told.actor == failed.actor
    assert told.detail.keys() == {"times", "since"}
    assert told.detail["times"] == 1000
    assert datetime.datetime.fromisoformat(str(told.detail["since"])).timestamp() == 1.0
    assert told.at == 100.0


async def test_however_many_attack_the_trail_grows_by_a_bounded_number(here: Away) -> None:
    def attempt(actor: Actor, place: str) -> None:
        failed = AuditEntry(at=1.0, actor=actor, kind=Kind.SIGN_IN, outcome="InvalidCredentials")
        here.trail.count(failed, place)

    refused = AuditEntry(at=1.0, actor=Actor("sue", 7), kind=Kind.LISTEN, outcome="NotAuthorized")
    for number in range(5000):
        address = f"10.0.{number // 250}.{number % 250}"
        attempt(Actor("", None, address), address)
        attempt(Actor("bruce", 1, address), address)
        # Each time with another session and another agent.
        actor, target = Actor("sue", 7, address, str(number)), Target("agent", number % 9)
        here.trail.count(msgspec.structs.replace(refused, actor=actor, targets=(target,)))
    attempt(Actor("ada", 2, "192.0.2.1"), "192.0.2.1")
    here.trail.flush()
    await here.journal.written()
    told = await here.entries()
    of = {
        login: [each for each in told if each.actor.login == login]
        for login in ("", "others", "bruce", "sue", "ada")
    }
    assert {login: len(entries) for login, entries in of.items()} == {
        "": MAX_COUNTED,
        "others": 1,
        "bruce": MAX_OF_USER + 1,
        "sue": 9,
        "ada": 1,
    }
    assert of["ada"][0].actor.address == "192.0.2.1"
    assert [each.detail["times"] for each in of["others"]] == [5000 - MAX_COUNTED]
    times = [int(str(each.detail.get("times", 1))) for each in told]
    assert sum(times) == 15_001


async def test_guesses_at_all_users_leave_one_entry_for_each(here: Away) -> None:
    for user_id in range(500):
        for number in range(12):
            actor = Actor(f"user{user_id}", user_id, f"10.0.0.{number}")
            failed = AuditEntry(at=1.0, actor=actor, kind=Kind.SIGN_IN, outcome="no")
            here.trail.count(failed, actor.address)
    here.trail.flush()
    await here.journal.written()
    told: list[StoredEntry] = await here.store.run(audit.read, AuditSearch(limit=10_000))
    assert len(told) <= MAX_SIGN_INS + 500
    assert {each.entry.actor.user_id for each in told} == set(range(500))
    assert sum(int(str(each.entry.detail.get("times", 1))) for each in told) == 6000


async def test_an_entry_names_a_bounded_number_of_targets(here: Away) -> None:
    many = tuple(Target("user", number, f"user{number}") for number in range(5000))
    await here.trail.record(
        AuditEntry(at=1.0, actor=Actor("ada", 8), kind=Kind.SET_DEFAULTS, targets=many)
    )
    (told,) = await here.entries()
    assert told.targets == many[:50]
    assert told.detail == {"targets": 5000}


def commands(away: Away, table: Table) -> AuditedCommands:
    """The commands, of which none here is about callbacks."""
    none: Any = None
    return AuditedCommands(away.trail, table.context, none)


async def test_a_recording_is_paused_while_the_database_is_away_and_told_of_later(
    away: Away,
) -> None:
    table = Table()
    table.talks()
    await commands(away, table).carry_out(MonitorPause(), table.who)
    assert table.script.asked  # Asterisk, to mute it
    await away.come_back()
    async for _ in _written(away):
        pass
    (told,) = await away.entries()
    assert (told.kind, told.outcome) == (Kind.PAUSE_RECORDING, "ok")


@pytest.mark.parametrize("comes", [True, False])
async def test_a_login_tells_whom_it_found_on_the_line_once_it_had_waited_for_it(
    here: Away, comes: bool
) -> None:
    table, none = Stations(), cast(Any, None)
    audited = AuditedCommands(here.trail, table.context, none)
    user = User(1, "bruce", "Bruce", "Wail", line_id=1, agent_id=BRUCE)
    who = Session(user, SignInKey("", ""), rights_of(user, strict=False), writer=None)
    alices = AgentLogin(agent_id=ALICE, phone_number="1002")
    if not comes:
        await audited.carry_out(alices, table.who)
    async with table.context.locks.holding(agent_key(BRUCE)):
        own = AgentLogin(phone_number="1002")
        waiting = asyncio.ensure_future(audited.carry_out(own, who))
        await settle()
        if comes:
            await audited.carry_out(alices, table.who)
        else:
            await log_out(table.context, table.scene.agent(ALICE))
    await waiting
    assert (table.on_line(BRUCE), table.on_line(ALICE)) == ("1002", None)
    told = [[target.id for target in each.targets] for each in await here.entries()]
    assert told == [[ALICE], *([[BRUCE, ALICE]] if comes else [])]
    assert not audited._entries


async def test_nobody_listens_while_it_cannot_be_written_down(away: Away) -> None:
    table = heard()
    with pytest.raises(Refused, match="StoreUnavailable"):
        await commands(away, table).carry_out(ListenAgent(agent_id=BRUCE), listener())
    assert table.script.asked == []


def heard() -> Table:
    """A table with a call, and a phone at which it can be heard."""
    table = Table()
    table.talks()
    table.context.center.devices["PJSIP/1004"] = "NOT_INUSE"
    return table


def listener(profile: Profile = "Admin") -> Session:
    """Somebody at line 1004, who is no agent."""
    user = User(7, "ada", "Ada", "Admin", line_id=4, profile=profile)
    return Session(user, SignInKey("", ""), rights_of(user, strict=True), writer=None)


async def test_listening_is_written_down_before_and_what_came_of_it_after(here: Away) -> None:
    table = heard()
    before: list[AuditEntry] = []

    def remember() -> None:
        store = Store(f"sqlite:///{here.folder}/xucd.db")
        before.extend(each.entry for each in audit.read(store, AuditSearch()))
        store.close()

    table.script.events = remember
    with pytest.raises(Refused, match="AsteriskTimeout"):
        await commands(here, table).carry_out(ListenAgent(agent_id=BRUCE), listener())
    assert [(each.kind, each.outcome) for each in before] == [(Kind.LISTEN, "asked")]
    assert [each.outcome for each in await here.entries()] == ["asked", "AsteriskTimeout"]


@pytest.mark.parametrize(
    ("agent_id", "profile", "code"),
    [
        (BRUCE, "Admin", "AgentNotOnCall"),
        (BRUCE, "Supervisor", "NotAuthorized"),
        (999, "Admin", "AgentUnknown"),
    ],
)
async def test_any_number_of_refused_commands_are_one_entry(
    here: Away, agent_id: int, profile: Profile, code: str
) -> None:
    table, who = Table(), listener(profile)
    carry_out = commands(here, table).carry_out
    for _ in range(100):
        with pytest.raises(Refused, match=code):
            await carry_out(ListenAgent(agent_id=agent_id), who)
    here.trail.flush()
    await here.journal.written()
    (told,) = await here.entries()
    assert (told.outcome, told.detail["times"]) == (code, 100)


async def test_what_a_user_is_refused_at_two_places_is_told_of_both(here: Away) -> None:
    table = Table()
    for address in ("192.0.2.1", "203.0.113.9"):
        who = listener()
        who.address = address
        with pytest.raises(Refused, match="AgentNotOnCall"):
            await commands(here, table).carry_out(ListenAgent(agent_id=BRUCE), who)
    here.trail.flush()
    await here.journal.written()
    assert [each.actor.address for each in await here.entries()] == ["192.0.2.1", "203.0.113.9"]


async def test_rights_that_end_while_listening_is_written_down_are_heeded(here: Away) -> None:
    table, who = heard(), listener()
    require = here.trail.require

    async def dismissing(entry: AuditEntry) -> None:
        await require(entry)
        who.dismissed = True

    here.trail.require = dismissing  # type: ignore[method-assign]
    with pytest.raises(Refused, match="NotAuthorized"):
        await commands(here, table).carry_out(ListenAgent(agent_id=BRUCE), who)
    assert table.script.asked == []


async def test_a_refusal_after_a_part_was_done_is_an_entry_of_its_own(here: Away) -> None:
    table = Table()
    told: list[str] = []

    async def carry_out(*_: object) -> None:
        refusal = Refused("NotAuthorized")
        refusal.partly = bool(told)
        raise refusal

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xucd.app.audited.carry_out", carry_out)
        for entries in (0, 1):
            with pytest.raises(Refused):
                await commands(here, table).carry_out(MonitorPause(), table.who)
            told = [each.outcome for each in await here.entries()] or ["counted"]
            assert told.count("NotAuthorized") == entries
