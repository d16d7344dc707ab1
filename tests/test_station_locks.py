"""Who waits for whom: commands on one agent or line in turn, on others beside each other."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from tests.scene import ALICE, BILLING, BRUCE, SALES, SUPPORT, Scene
from tests.test_context import Script, a_context
from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.changes import StationChanged
from xucd.center.directory import User
from xucd.center.intents import AddMember, Intent, RemoveMember, SetPenalty
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.station import Station
from xucd.commands import login, queues
from xucd.commands.context import Context
from xucd.commands.locks import Locks, agent_key, line_key
from xucd.cti import commands as cmd
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.store.journal import Journal


class Asterisk(Script):
    """One that does what it is asked for, a few turns of the loop later, and tells so."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene
        self.is_silent = False
        self.context: Context

    async def ask(self, intent: Intent) -> None:
        self.asked.append(intent)
        for _ in range(5):
            await asyncio.sleep(0)
        if isinstance(intent, AddMember):
            names = intent.queue, intent.interface, intent.member
            self.scene.happens(ev.MemberAdded(*names, intent.penalty, False, ""))
        elif isinstance(intent, SetPenalty):
            if self.is_silent:
                raise Refused("AsteriskTimeout")
            self.scene.happens(ev.MemberPenalty(intent.queue, intent.interface, "", intent.penalty))
        elif isinstance(intent, RemoveMember):
            self.scene.happens(ev.MemberRemoved(intent.queue, intent.interface, ""))
        self.context.asterisk.check_waiting()


class Table:
    """Agents who are out, an administrator, and a journal that takes a turn of the loop."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.asterisk = Asterisk(self.scene)
        self.context = self.asterisk.context = a_context(self.scene, self.asterisk)
        self.context.asterisk._timeout = 5.0
        self.writes: list[tuple[int, int, int]] = []
        self.settled: list[bool] = []  # what is stored of agents
        self.gate = asyncio.Event()
        self.gate.set()
        self.context.journal = cast(
            Journal,
            SimpleNamespace(
                put_station=self.wait,
                station_written=self.wait,
                set_membership=self.set_membership,
                write_changes=self.write_changes,
            ),
        )
        user = User(1, "ada", "Ada", "Admin", profile="Admin")
        self.who = Session(user, SignInKey("s", "g"), rights_of(user, strict=True), writer=None)

    async def wait(self, *_: object) -> None:
        await self.gate.wait()
        await asyncio.sleep(0)

    async def set_membership(
        self, agent_id: int, queue_id: int, penalty: int, station: Station | None = None
    ) -> None:
        self.writes.append((agent_id, queue_id, penalty))
        if station is not None:
            self.settled.append(station.settled)
        await self.wait()

    def write_changes(self, changes: list[StationChanged]) -> None:
        self.settled += [change.station.settled for change in changes]

    async def logs_in(self, agent_id: int, number: str) -> None:
        command = cmd.AgentLogin(agent_id=agent_id, phone_number=number)
        async with asyncio.timeout(10):
            await login.login(self.context, command, self.who)

    def on_line(self, agent_id: int) -> str | None:
        live = self.scene.agent(agent_id)
        return live.line.number if live.line and live.stance is not Stance.OUT else None


@pytest.fixture
async def table() -> Table:
    return Table()


async def set_queue(table: Table, agent_id: int, penalty: int) -> None:
    command = cmd.SetAgentQueue(agent_id=agent_id, queue_id=BILLING, penalty=penalty)
    await queues.set_agent_queue(table.context, command, table.who)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_command_on_another_agent_does_not_wait(table: Table) -> None:
    table.gate.clear()
    first = asyncio.ensure_future(set_queue(table, BRUCE, 5))
    second = asyncio.ensure_future(set_queue(table, ALICE, 5))
    third = asyncio.ensure_future(set_queue(table, BRUCE, 6))
    await settle()
    assert table.writes == [(BRUCE, BILLING, 5), (ALICE, BILLING, 5)]
    table.gate.set()
    await asyncio.gather(first, second, third)
    assert table.writes[2:] == [(BRUCE, BILLING, 6)]
    assert table.scene.agent(BRUCE).queues[BILLING] == 6


@pytest.mark.parametrize("is_silent", [False, True])
async def test_an_agent_is_stored_as_settled_again_once_its_queue_is_known(
    table: Table, is_silent: bool
) -> None:
    await table.logs_in(BRUCE, "1001")
    table.asterisk.is_silent = is_silent
    changing = set_queue(table, BRUCE, 5), set_queue(table, BRUCE, 6)
    outcomes = await asyncio.gather(*changing, return_exceptions=True)
    assert [isinstance(each, Refused) for each in outcomes] == [is_silent] * 2
    if is_silent:
        assert table.settled == [False] * 2
        table.asterisk.is_silent = False
        await set_queue(table, BRUCE, 7)
    assert table.settled[-2:] == [False, True]


async def test_two_who_want_one_line_get_it_in_turn(table: Table) -> None:
    await asyncio.gather(table.logs_in(BRUCE, "1001"), table.logs_in(ALICE, "1001"))
    assert table.on_line(BRUCE) is None
    assert table.on_line(ALICE) == "1001"
    assert {member.member for _, member in table.scene.center.members.all()} == {"Agent/2502"}


async def test_who_comes_to_the_line_while_a_login_waits_is_logged_out_by_it(table: Table) -> None:
    async with table.context.locks.holding(agent_key(BRUCE)):
        waiting = asyncio.ensure_future(table.logs_in(BRUCE, "1002"))
        await settle()
        await table.logs_in(ALICE, "1002")  # it holds its line; Bruce's has none so far
    await waiting
    assert (table.on_line(BRUCE), table.on_line(ALICE)) == ("1002", None)


async def test_who_take_each_others_lines_do_not_wait_for_each_other_for_ever(table: Table) -> None:
    await table.logs_in(BRUCE, "1001")
    await table.logs_in(ALICE, "1002")
    await asyncio.gather(
        *(
            asyncio.gather(
                table.logs_in(BRUCE, "1002"), table.logs_in(ALICE, "1001"), return_exceptions=True
            )
            for _ in range(3)
        )
    )
    lines = [table.on_line(BRUCE), table.on_line(ALICE)]
    assert len({line for line in lines if line}) == len([line for line in lines if line])
    assert not table.context.locks.by_key


async def test_an_agent_whom_somebody_has_changed_meanwhile_is_left_out_of_its_group(
    table: Table,
) -> None:
    move = cmd.MoveAgentsInGroup(
        group_id=1, from_queue_id=SUPPORT, from_penalty=0, to_queue_id=BILLING, to_penalty=5
    )
    async with table.context.locks.holding(agent_key(ALICE)):
        moving = asyncio.ensure_future(queues.move_group(table.context, move, table.who))
        await settle()
        live, queue = table.scene.agent(ALICE), table.context.center.directory.queues[SUPPORT]
        await queues.add_to_queue(table.context, live, queue, 3)
    await moving
    assert dict(table.scene.agent(ALICE).queues) == {SUPPORT: 3}
    assert dict(table.scene.agent(BRUCE).queues) == {SALES: 1, BILLING: 5}


async def test_a_reload_waits_for_what_has_begun_and_what_comes_later_waits_for_it() -> None:
    locks, order = Locks(), list[str]()

    async def command(name: str) -> None:
        async with locks.command():
            order.append(name)
            await settle()
            order.append(f"{name} done")

    async def reload() -> None:
        async with locks.alone():
            order.append("reload")
            await settle()
            order.append("reload done")

    first = asyncio.ensure_future(command("first"))
    await asyncio.sleep(0)
    reloading = asyncio.ensure_future(reload())
    await asyncio.sleep(0)
    await asyncio.gather(first, reloading, command("later"))
    assert order == ["first", "first done", "reload", "reload done", "later", "later done"]


async def test_who_gives_up_waiting_holds_nothing() -> None:
    locks = Locks()

    async def wait() -> None:
        async with locks.command(), locks.holding(agent_key(1), line_key(2)):
            raise AssertionError("it was given up")

    async with locks.holding(line_key(2)):
        waiting = asyncio.ensure_future(wait())
        await settle()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), locks.alone(), locks.holding(agent_key(1)):
            pass
