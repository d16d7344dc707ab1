"""Commands whose client is dismissed while they wait: what has begun is finished, and no more.

The same goes for an agent that is moved meanwhile to a group that the client has no right to.
"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.scene import ALICE, BILLING, BRUCE, SALES, SUPPORT, Scene
from tests.test_context import Script, a_context
from xucd.callbacks.service import Callbacks
from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.directory import User
from xucd.center.intents import DialOut, FindNumber, Intent, RemoveMember
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.rules import commanded
from xucd.center.station import Station
from xucd.commands import default_memberships, dialing, few_at_a_time, login, pause, queues
from xucd.commands.context import Context
from xucd.commands.locks import agent_key
from xucd.config.plan import Plan
from xucd.cti import commands as cmd
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.store import AsyncStore, Store, callback_reading, callback_writing
from xucd.store.apply import apply
from xucd.store.journal import Journal


class Table:
    """A scene whose agents are out, a supervisor, and a journal that dismisses when it is told."""

    def __init__(self) -> None:
        self.scene, self.script = Scene(), Script()
        for user_id, agent_id in ((1, BRUCE), (2, ALICE)):
            person = User(user_id, f"user{user_id}", "", "", agent_id=agent_id)
            self.scene.center.directory.users[user_id] = person
        self.context: Context = a_context(self.scene, self.script)
        user = User(1, "ada", "Ada", "Admin", line_id=1, profile="Admin")
        self.who = Session(user, SignInKey("s", "g"), rights_of(user, strict=True), writer=None)
        self.written: list[tuple[int, int, int]] = []
        self.dismissed_after = 1000
        self.context.journal = cast(
            Journal,
            SimpleNamespace(
                set_membership=self.set_membership,
                set_agent_group=self.set_agent_group,
                put_station=self.put_station,
                default_memberships=self.default_memberships,
                set_default_memberships=self.set_defaults,
                station_written=self.wait,
            ),
        )
        self.defaults: dict[int, dict[int, int]] = {1: {BILLING: 7}, 2: {BILLING: 7}}

    async def wait(self, *_: object) -> None:
        self.dismissed_after -= 1
        self.who.dismissed = self.who.dismissed or self.dismissed_after < 0
        await asyncio.sleep(0)

    async def set_membership(self, agent_id: int, queue_id: int, penalty: int) -> None:
        self.written.append((agent_id, queue_id, penalty))
        await self.wait()

    async def set_agent_group(
        self, agent_id: int, group_id: int, check: Callable[[], None]
    ) -> None:
        await self.wait()
        check()
        self.written.append((agent_id, group_id, 0))

    async def put_station(self, station: Station) -> None:
        await self.wait()

    async def default_memberships(self) -> dict[int, dict[int, int]]:
        await self.wait()
        return self.defaults

    async def set_defaults(self, memberships: Any, among: Any, check: Callable[[], None]) -> None:
        await self.wait()
        check()
        self.written.extend((user_id, 0, 0) for user_id in memberships)

    def configured(self, agent_id: int) -> dict[int, int]:
        return dict(self.scene.agent(agent_id).queues)


@pytest.fixture
async def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr(few_at_a_time, "AT_ONCE", 1)
    return Table()


async def test_a_group_is_moved_agent_by_agent_until_the_client_is_dismissed(table: Table) -> None:
    table.dismissed_after = 0  # in the middle of the first agent
    move = cmd.MoveAgentsInGroup(
        group_id=1, from_queue_id=SUPPORT, from_penalty=0, to_queue_id=BILLING, to_penalty=5
    )
    with pytest.raises(Refused, match="NotAuthorized") as refused:
        await queues.move_group(table.context, move, table.who)
    assert "1 of 2 agents were changed" in refused.value.text
    assert refused.value.partly
    # The first agent is moved as a whole, in what is stored and in what is shown; the other is not.
    assert table.written == [(BRUCE, BILLING, 5), (BRUCE, SUPPORT, -1)]
    assert table.configured(BRUCE) == {SALES: 1, BILLING: 5}
    assert table.configured(ALICE) == {SUPPORT: 0}


@pytest.mark.parametrize(
    ("handler", "command"),
    [
        (queues.remove_group,
         cmd.RemoveAgentGroupFromQueueGroup(group_id=1, queue_id=SUPPORT, penalty=0)),
        (queues.add_group,
         cmd.AddAgentsNotInQueueFromGroupTo(group_id=2, queue_id=SALES, penalty=1)),
        (queues.set_agent_queue, cmd.SetAgentQueue(agent_id=BRUCE, queue_id=SUPPORT, penalty=9)),
        (queues.remove_agent_from_queue, cmd.RemoveAgentFromQueue(agent_id=BRUCE, queue_id=SALES)),
        (login.login, cmd.AgentLogin(agent_id=BRUCE, phone_number="1001")),
        (login.logout, cmd.AgentLogout(agent_id=BRUCE)),
        (default_memberships.set_default,
         cmd.SetUserDefaultMembership(user_id=1, membership=[])),
        (default_memberships.apply_default, cmd.ApplyUsersDefaultMembership(user_ids=[1])),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, cmd.Command) else "",
)  # fmt: skip
async def test_a_command_that_waits_for_the_lock_is_not_begun(
    table: Table, handler: Any, command: cmd.Command
) -> None:
    async with table.context.locks.alone():
        waiting = asyncio.create_task(handler(table.context, command, table.who))
        await asyncio.sleep(0)
        table.who.dismissed = True
    with pytest.raises(Refused, match="NotAuthorized"):
        await waiting
    assert table.written == []
    assert table.script.asked == []


FROM = {"group_id": 1, "from_queue_id": SUPPORT, "from_penalty": 0}
OF_A_GROUP: list[tuple[Any, cmd.Command]] = [
    (queues.move_group, cmd.MoveAgentsInGroup(**FROM, to_queue_id=BILLING, to_penalty=5)),
    (queues.move_group, cmd.AddAgentsInGroup(**FROM, to_queue_id=BILLING, to_penalty=5)),
    (queues.remove_group,
     cmd.RemoveAgentGroupFromQueueGroup(group_id=1, queue_id=SUPPORT, penalty=0)),
    (queues.add_group,
     cmd.AddAgentsNotInQueueFromGroupTo(group_id=1, queue_id=BILLING, penalty=1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("handler", "command", "commanded_groups", "refusal"),
    [
        *((*each, groups, None) for each in OF_A_GROUP for groups in ({1}, {1, 2})),
        (login.login, cmd.AgentLogin(agent_id=ALICE, phone_number="1002"), {1}, "NotAuthorized"),
        (default_memberships.apply_default,
         cmd.ApplyUsersDefaultMembership(user_ids=[2]), {1}, "NotAuthorized"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, cmd.Command) else "",
)  # fmt: skip
async def test_an_agent_is_left_alone_that_is_moved_to_another_group_while_it_is_waited_for(
    table: Table,
    handler: Any,
    command: cmd.Command,
    commanded_groups: set[int],
    refusal: str | None,
) -> None:
    user = User(
        9,
        "sue",
        "Sue",
        "",
        profile="Supervisor",
        queue_ids=frozenset({SUPPORT, BILLING, SALES}),
        group_ids=frozenset(commanded_groups),
    )
    who = Session(user, SignInKey("s", "g"), rights_of(user, strict=True), writer=None)
    async with table.context.locks.holding(agent_key(ALICE)):
        waiting = asyncio.create_task(handler(table.context, command, who))
        for _ in range(50):
            await asyncio.sleep(0)
        commanded.move_to_group(table.context.center, ALICE, 2)  # a setAgentGroup of another
    outcomes = await asyncio.gather(waiting, return_exceptions=True)
    assert [getattr(each, "code", each) for each in outcomes] == [refusal]
    assert table.configured(ALICE) == {SUPPORT: 0}
    assert table.scene.agent(ALICE).stance is Stance.OUT
    assert ALICE not in {agent_id for agent_id, *_ in table.written}


async def test_a_change_that_waits_for_the_database_is_not_begun(table: Table) -> None:
    table.dismissed_after = 0
    group = cmd.SetAgentGroup(agent_id=BRUCE, group_id=2)
    with pytest.raises(Refused, match="NotAuthorized"):
        await queues.set_agent_group(table.context, group, table.who)
    default = cmd.SetUserDefaultMembership(user_id=1, membership=[])
    table.who.dismissed = False
    with pytest.raises(Refused, match="NotAuthorized"):
        await default_memberships.set_default(table.context, default, table.who)
    assert table.written == []


async def test_defaults_are_applied_agent_by_agent_until_the_client_is_dismissed(
    table: Table,
) -> None:
    table.dismissed_after = 1  # in the middle of the first agent
    apply = cmd.ApplyUsersDefaultMembership(user_ids=[1, 2])
    with pytest.raises(Refused, match="PartlyApplied") as refused:
        await default_memberships.apply_default(table.context, apply, table.who)
    assert "agent 2502 (NotAuthorized)" in refused.value.text
    assert table.configured(BRUCE) == {BILLING: 7}
    assert table.configured(ALICE) == {SUPPORT: 0}


async def test_a_call_is_not_placed_for_a_client_that_was_dismissed_while_its_number_was_sought(
    table: Table,
) -> None:
    async def ask(intent: Intent) -> None:
        table.script.asked.append(intent)
        table.who.dismissed = True

    table.context.asterisk._send = ask
    table.scene.center.devices["PJSIP/1001"] = "NOT_INUSE"
    dial = cmd.Dial(destination="0230", variables={"USR_a": "b"})
    with pytest.raises(Refused, match="NotAuthorized"):
        await dialing.dial(table.context, dial, table.who)
    assert [type(intent) for intent in table.script.asked] == [FindNumber]
    assert not [intent for intent in table.script.asked if isinstance(intent, DialOut)]


async def test_what_the_hub_publishes_and_handlers_send_does_not_reach_a_dismissed_client(
    table: Table,
) -> None:
    table.who.dismissed = True
    table.context.hub.subscribe(table.who, "anything")
    assert not table.context.hub.has_subscribers(["anything"])


async def test_an_agent_that_is_in_the_new_queue_and_still_in_the_old_is_a_part_done(
    table: Table,
) -> None:
    live = table.context.center.agents[BRUCE]
    writes = table.set_membership

    async def refuses(agent_id: int, queue_id: int, penalty: int) -> None:
        if penalty < 0:
            raise Refused("StoreUnavailable")
        await writes(agent_id, queue_id, penalty)

    cast(Any, table.context.journal).set_membership = refuses
    source, target = (table.context.center.directory.queues[each] for each in (SUPPORT, BILLING))
    assert SUPPORT in live.queues
    with pytest.raises(Refused) as refused:
        await queues._move(table.context, live, source, target, 0)
    assert refused.value.partly


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(
    ("handler", "command", "paused"),
    [
        (pause.pause, cmd.PauseAgent(agent_id=BRUCE, reason="lunch"), False),
        (pause.unpause, cmd.UnpauseAgent(agent_id=BRUCE), True),
    ],
    ids=["pause", "unpause"],
)
async def test_a_pause_is_not_asked_for_again_whose_right_has_ended_while_members_were_listed(
    table: Table, handler: Any, command: cmd.Command, paused: bool, moved: bool
) -> None:
    user = User(9, "sue", "Sue", "", profile="Supervisor", group_ids=frozenset({1}))
    table.who = Session(user, SignInKey("s", "g"), rights_of(user, strict=True), writer=None)

    async def deny(intent: Intent) -> None:
        table.script.asked.append(intent)
        raise Refused("NotMember", "Asterisk contradicts what is held of the agent.")

    async def relist() -> None:
        if moved:
            commanded.move_to_group(table.context.center, BRUCE, 2)
        else:
            table.who.dismissed = True

    table.scene.logs_in()
    if paused:
        table.scene.pauses(True, "lunch")
    table.context.asterisk._send = deny
    table.context.asterisk.relist_members = relist
    with pytest.raises(Refused, match="NotAuthorized"):
        await handler(table.context, command, table.who)
    assert len(table.script.asked) == 1


async def test_a_line_taken_over_is_left_free_for_a_client_dismissed_while_its_holder_left(
    table: Table,
) -> None:
    async def leave(intent: Intent) -> None:
        table.script.asked.append(intent)
        assert isinstance(intent, RemoveMember)
        table.scene.happens(ev.MemberRemoved(intent.queue, intent.interface, "Agent/2501"))
        table.context.asterisk.check_waiting()
        table.who.dismissed = True

    table.scene.logs_in()
    table.context.asterisk._send = leave
    login_of_alice = cmd.AgentLogin(agent_id=ALICE, phone_number="1001")
    with pytest.raises(Refused, match="NotAuthorized") as refused:
        await login.login(table.context, login_of_alice, table.who)
    assert refused.value.partly
    assert table.scene.agent().stance is Stance.OUT
    assert {type(intent) for intent in table.script.asked} == {RemoveMember}


class DismissingJournal(Journal):
    """A journal whose client is dismissed, once, while a callback's ticket is written."""

    def __init__(self, store: AsyncStore, who: Session) -> None:
        super().__init__(store)
        self.who = who
        self.dismisses = True

    async def now(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        result = await super().now(work, *args, **kwargs)
        if work is callback_writing.create_ticket and self.dismisses:
            self.who.dismissed, self.dismisses = True, False
        return result


async def test_a_callback_is_not_called_for_a_client_dismissed_while_its_ticket_was_written(
    table: Table, store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    request, *_ = callback_reading.open_requests(store)
    ahead, user = AsyncStore(store), User(2, "bruce", "", "", line_id=1, agent_id=BRUCE)
    who = Session(user, SignInKey("s", "g"), rights_of(user, strict=False), writer=None)
    table.context.journal = journal = DismissingJournal(ahead, who)
    table.scene.center.devices["PJSIP/1001"] = "NOT_INUSE"
    callbacks = Callbacks(table.context)
    await callbacks.take(request.uuid, who)
    with pytest.raises(Refused, match="NotAuthorized"):
        await callbacks.start(request.uuid, "0230210082", user, who)
    await journal.written()
    assert table.script.asked == []
    who.dismissed = False
    assert await callbacks.tickets(who) == []
    with pytest.raises(Refused, match="AsteriskTimeout"):  # no call of before is in its way
        await callbacks.start(request.uuid, "0230210083", user, who)
    assert [type(intent) for intent in table.script.asked] == [DialOut]
    await journal.written()
    await ahead.close()
