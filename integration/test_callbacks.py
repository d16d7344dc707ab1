"""Callbacks: taken by one, called with the list's number, filled in, and told to everybody."""

import asyncio
import datetime
import re
import signal
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from integration.client import Body, Client, Refused
from integration.fixtures import MakeXucd, World, clear
from integration.phones import Phones
from integration.running import DEADLINE, DEMO, Xucd
from xucd.center.callbacks import Ticket
from xucd.signin.tokens import Tokens
from xucd.store import callback_reading as reading

BRUCE, ALICE, JACK = 8, 9, 10
NUMBER = "0230210082"
EVENTS = (
    "CallbackTaken",
    "CallbackStarted",
    "CallbackReleased",
    "CallbackClotured",
    "CallbackRequestUpdated",
)
TODAY = datetime.date.today()
MORE_LISTS = """
[[callbackLists]]
name = "Sales list"
queue = "sales"
callerId = "0800"
callbacks = [ { phoneNumber = "0230210090", lastName = "Boat" } ]
"""


async def lists(client: Client) -> dict[str, Body]:
    """Subscribe; all callbacks by the last name of whoever is to be called."""
    begun = len(client.frames)
    await client.ask("getCallbackLists")
    told = await client.until("CallbackLists", after=begun)
    return {one["lastName"]: one for every in told for one in every["callbacks"]}


async def refused(page: Client, command: str, **arguments: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await page.ask(command, **arguments)
    return refusal.value.code


async def start(world: World, page: Client, request: str, line: str = "1001") -> tuple[str, Any]:
    """Start a callback; the ticket, and the call that rings the own phone."""
    await page.ask("startCallback", uuid=request, number=NUMBER)
    started = await page.until("CallbackStarted", requestUuid=request)
    return started["ticketUuid"], await world.phone(line).rings()


async def taken_and_started(world: World, page: Client, name: str = "O'Neill") -> tuple[str, str]:
    """A callback of which a call was begun, and given up again: request and ticket."""
    request = (await lists(page))[name]["uuid"]
    await page.ask("takeCallback", uuid=request)
    ticket, mine = await start(world, page, request)
    mine.answer()
    await mine.answered()
    await world.phone(NUMBER).rings()
    await mine.hang_up()
    await page.until("PhoneEvent", eventType="EventReleased")
    return request, ticket


async def ticket_of(xucd: Xucd, ticket: str) -> Ticket:
    """A ticket whose call is over, as it is kept."""
    store = xucd.store()
    try:
        async with asyncio.timeout(DEADLINE):
            while True:  # another process writes it: there is nothing to wait on
                tickets = await asyncio.to_thread(reading.tickets, store)
                for found in tickets:
                    if str(found.uuid) == ticket and found.ended is not None:
                        return found
                await asyncio.sleep(0.02)
    finally:
        store.close()


async def test_a_callback_from_taking_it_to_closing_it(world: World) -> None:
    bruce, alice = await world.agent("bruce", "1001"), await world.client("alice")
    alices = (await lists(bruce))["O'Neill"]
    assert alices["preferredPeriod"]["name"] == "Afternoon"
    assert alices["agentId"] is None
    assert (await lists(alice))["O'Neill"] == alices
    await bruce.ask("takeCallback", uuid=alices["uuid"])
    await bruce.ask("takeCallback", uuid=alices["uuid"])
    await alice.until("CallbackTaken", uuid=alices["uuid"], agentId=BRUCE)
    before = time.time()
    ticket, mine = await start(world, bruce, alices["uuid"])
    # The list has no number of its own: the queue's is shown, on both phones.
    assert mine.other_number == "3000"
    mine.answer()
    far = await world.phone(NUMBER).rings()
    assert far.other_number == "3000"
    assert (await alice.until("CallbackStarted"))["ticketUuid"] == ticket
    far.answer()
    await mine.answered()
    await bruce.until("PhoneEvent", eventType="EventEstablished", otherDN=NUMBER)
    answered = time.time()
    await far.hang_up()
    await bruce.until("PhoneEvent", eventType="EventReleased")
    kept = await ticket_of(world.xucd, ticket)
    assert (kept.agent_id, kept.phone_number, kept.failure) == (BRUCE, NUMBER, None)
    assert kept.answered is not None and kept.duration is not None
    assert before <= kept.started <= kept.answered <= answered
    assert 0 < kept.duration <= time.time() - kept.answered
    await bruce.ask("updateCallbackTicket", uuid=ticket, status="Answered", comment="will buy")
    await alice.until("CallbackClotured", uuid=alices["uuid"])
    again = {"uuid": ticket, "status": "Answered", "comment": "will buy"}
    await bruce.ask("updateCallbackTicket", **again)
    assert await refused(bruce, "updateCallbackTicket", uuid=ticket, status="Fax") == (
        "CallbackClotured"
    )
    assert await refused(alice, "takeCallback", uuid=alices["uuid"]) == "CallbackClotured"
    assert "O'Neill" not in await lists(alice)
    for page in (bruce, alice):
        counts = {kind: len(page.bodies(kind)) for kind in EVENTS}
        assert counts == {
            "CallbackTaken": 1,
            "CallbackStarted": 1,
            "CallbackReleased": 0,
            "CallbackClotured": 1,
            "CallbackRequestUpdated": 0,
        }
    kept = await ticket_of(world.xucd, ticket)
    assert (kept.status, kept.comment) == ("Answered", "will buy")


@pytest.mark.any_asterisk
async def test_only_the_taker_or_a_supervisor_of_the_queue_works_on_a_callback(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    text = DEMO.read_text() + MORE_LISTS
    async with world_of(await make_xucd(center=text), phones) as world:
        bruce, alice = await world.client("bruce"), await world.client("alice")
        sue, ada = await world.client("sue"), await world.client("ada")
        request, ticket = await taken_and_started(world, bruce)
        seen, boat = await lists(sue), (await lists(alice))["Boat"]["uuid"]
        assert "Boat" not in seen
        for command, arguments in (
            ("releaseCallback", {"uuid": request}),
            ("startCallback", {"uuid": request, "number": NUMBER}),
            ("updateCallbackTicket", {"uuid": ticket, "status": "Answered"}),
        ):
            assert await refused(alice, command, **arguments) == "NotAuthorized"
        assert (await alice.until("AgentError"))["Error"] == "NotAuthorized"
        assert await refused(alice, "takeCallback", uuid=request) == "CallbackTaken"
        assert (await alice.until("AgentError", Error="CallbackTaken"))["agentId"] == BRUCE
        await sue.ask("releaseCallback", uuid=request)
        await bruce.until("CallbackReleased", uuid=request)
        assert await refused(bruce, "releaseCallback", uuid=request) == "NotTaken"
        assert await refused(bruce, "updateCallbackTicket", uuid=ticket, status="Fax") == "NotTaken"
        await alice.ask("takeCallback", uuid=request)
        assert await refused(bruce, "releaseCallback", uuid=request) == "NotAuthorized"
        await alice.ask("takeCallback", uuid=boat)
        assert await refused(sue, "releaseCallback", uuid=boat) == "NotAuthorized"
        assert await refused(sue, "takeCallback", uuid=request) == "AgentUnknown"
        assert await refused(ada, "releaseCallback", uuid=str(uuid.uuid4())) == "CallbackUnknown"
        await ada.ask("releaseCallback", uuid=boat)
        await alice.until("CallbackReleased", uuid=boat)
        # Of the other queue's callback the supervisor has heard nothing at all.
        assert boat not in "".join(frame.raw for frame in sue.frames)


async def test_a_call_that_reaches_nobody_leaves_the_callback_taken_and_says_why(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    async with world_of(await make_xucd(center=DEMO.read_text() + MORE_LISTS), phones) as world:
        bruce = await world.client("bruce")
        boat = (await lists(bruce))["Boat"]["uuid"]
        assert await refused(bruce, "startCallback", uuid=boat, number=NUMBER) == "NotTaken"
        await bruce.ask("takeCallback", uuid=boat)
        for number, code in (("s", "DestinationNotAllowed"), ("77", "NumberUnknown")):
            assert await refused(bruce, "startCallback", uuid=boat, number=number) == code
        failures = []
        for who in ("customer", "agent"):
            begun = len(bruce.frames)
            await bruce.ask("startCallback", uuid=boat, number=NUMBER)
            # Asked for again while it rings, it rings once.
            await bruce.ask("startCallback", uuid=boat, number=NUMBER)
            other = await refused(bruce, "startCallback", uuid=boat, number="0123456789")
            assert other == "CallbackInCall"
            mine = await world.phone("1001").rings()
            assert mine.other_number == "0800"
            if who == "agent":
                await mine.decline()
            else:
                mine.answer()
                far = await world.phone(NUMBER).rings()
                assert far.other_number == "0800"
                await far.decline()
            failed = await bruce.frame(
                lambda frame: frame.fits("AgentError", {"uuid": boat}), after=begun
            )
            await mine.ended()
            failures.append(failed.body["Error"])
            kept = await ticket_of(world.xucd, failed.body["ticketUuid"])
            assert (kept.failure, kept.answered) == (failed.body["Error"], None)
        assert failures == ["NumberBusy", "PhoneNotAnswered"]
        assert len(bruce.bodies("CallbackStarted")) == 2
        assert len(world.phone("1001").legs) == 2
        jack = await world.client("jack")
        noel = (await lists(jack))["Noël"]["uuid"]
        await jack.ask("takeCallback", uuid=noel)
        await world.phones.register("1003", seconds=0)
        try:
            await jack.until("PhoneStatusUpdate", status="INDISPONIBLE")
            code = await refused(jack, "startCallback", uuid=noel, number=NUMBER)
            assert code == "PhoneUnreachable"
        finally:
            await world.phones.register("1003")
        held = await lists(bruce)
        assert (held["Boat"]["agentId"], held["Noël"]["agentId"]) == (BRUCE, JACK)
        assert jack.bodies("CallbackStarted") == []


@pytest.mark.any_asterisk
async def test_a_new_date_opens_and_releases_and_a_wrong_one_changes_nothing(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    await lists(alice)
    await alice.ask("getCallbackPreferredPeriods")
    periods = {one["name"]: one for one in await alice.until("PreferredCallbackPeriodList")}
    assert periods["Morning"] == {
        "uuid": periods["Morning"]["uuid"],
        "name": "Morning",
        "periodStart": "09:00:00",
        "periodEnd": "12:00:00",
        "default": True,
    }
    request, ticket = await taken_and_started(world, bruce)
    yesterday, next_week = TODAY - datetime.timedelta(days=1), TODAY + datetime.timedelta(days=7)
    for wrong, code in (
        ({"status": "Callback", "dueDate": str(yesterday)}, "DateInPast"),
        ({"status": "Callback", "dueDate": "2026-02-30"}, "InvalidArgument"),
        ({"status": "Callback", "periodUuid": str(uuid.uuid4())}, "PeriodUnknown"),
        ({"status": "Answered", "dueDate": str(yesterday)}, "DateInPast"),
        ({"status": "Maybe"}, "InvalidArgument"),
    ):
        assert await refused(bruce, "updateCallbackTicket", uuid=ticket, **wrong) == code
    unknown = str(uuid.uuid4())
    assert await refused(bruce, "updateCallbackTicket", uuid=unknown, status="Fax") == (
        "TicketUnknown"
    )
    held = (await lists(bruce))["O'Neill"]
    assert (held["agentId"], held["dueDate"]) == (BRUCE, str(TODAY))
    assert (await ticket_of(world.xucd, ticket)).status is None
    await bruce.ask(
        "updateCallbackTicket",
        uuid=ticket,
        status="Callback",
        comment="not now",
        dueDate=str(next_week),
        periodUuid=periods["Morning"]["uuid"],
    )
    updated = (await alice.until("CallbackRequestUpdated"))["request"]
    assert (updated["uuid"], updated["agentId"]) == (request, None)
    assert (updated["dueDate"], updated["preferredPeriod"]) == (str(next_week), periods["Morning"])
    assert (await lists(alice))["O'Neill"] == updated
    assert alice.bodies("CallbackReleased") == []


@pytest.mark.any_asterisk
async def test_a_search_finds_what_the_user_may_see(world: World) -> None:
    sue, bruce = await world.client("sue"), await world.client("bruce")

    async def find(page: Client, **request: Any) -> tuple[int, list[str]]:
        begun, number = len(page.frames), len(page.frames)
        await page.ask("findCallbackRequest", id=number, request=request)
        told = await page.until("FindCallbackResponseWithId", after=begun, id=number)
        return told["response"]["total"], [one["lastName"] for one in told["response"]["list"]]

    def field(name: str, operator: str, value: Any, **more: str) -> dict[str, Any]:
        return {"field": name, "operator": operator, "value": value, **more}

    day = field("dueDate", "<", str(TODAY))
    assert await find(bruce, filters=[day], offset=0, limit=10) == (1, ["Yard"])
    like = field("lastName", "like", "%e%", order="DESC")
    assert await find(bruce, filters=[like]) == (1, ["O'Neill"])
    by_name = [{"field": "lastName", "order": "ASC"}]
    assert await find(bruce, filters=by_name, offset=1, limit=1) == (3, ["O'Neill"])
    assert await find(sue, filters=[], order="lastName DESC", limit=2) == (3, ["Yard", "O'Neill"])
    for wrong in (
        field("password", "=", "x"),
        field("lastName", "or", "x"),
        field("dueDate", ">", "soon"),
        field("agentId", "=", 2**40),
        field("lastName", "<", None),
    ):
        request = {"filters": [wrong]}
        assert await refused(bruce, "findCallbackRequest", id=1, request=request) == "FilterInvalid"


@pytest.mark.any_asterisk
async def test_who_logs_out_keeps_a_callback_and_an_account_that_goes_frees_it(
    world: World,
) -> None:
    bruce, jack = await world.client("bruce"), await world.agent("jack", "1003")
    seen = await lists(bruce)
    noel, yard = seen["Noël"]["uuid"], seen["Yard"]["uuid"]
    await jack.ask("takeCallback", uuid=noel)
    await bruce.ask("takeCallback", uuid=yard)
    await jack.ask("agentLogout")
    assert (await lists(bruce))["Noël"]["agentId"] == JACK
    assert bruce.bodies("CallbackReleased") == []
    demo = DEMO.read_text()
    without = re.sub(r"\[\[agents\]\]\nid = 10\n.*?(?=\[\[)", "", demo, flags=re.DOTALL)
    assert without != demo
    file = world.xucd.folder / "changed.toml"
    file.write_text(without)
    await world.xucd.command("center", "apply", "--prune", str(file))
    world.xucd.signal(signal.SIGHUP)
    await bruce.until("CallbackReleased", uuid=noel)
    held = await lists(bruce)
    assert (held["Noël"]["agentId"], held["Yard"]["agentId"]) == (None, BRUCE)
    assert [one["uuid"] for one in bruce.bodies("CallbackReleased")] == [noel]


@pytest.mark.any_asterisk
async def test_of_fifty_agents_that_take_one_callback_exactly_one_has_it(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    agents = "".join(
        f'[[agents]]\nid = {number}\nnumber = "{number}"\nlogin = "agent{number}"\n'
        f'firstName = "Agent"\nlastName = "{number}"\ngroup = 1\nqueues = {{ support = 0 }}\n'
        for number in range(3001, 3051)
    )
    xucd = await make_xucd(center=DEMO.read_text() + agents)
    store = xucd.store()
    tokens = Tokens(store.token_secret(), 600, 600, time.time)
    generations = store.generations()
    store.close()

    def token(login: str) -> str:
        return tokens.sign(tokens.begin(login, generations[login]))

    pages = await asyncio.gather(
        *(
            Client.sign_in(xucd.port, f"agent{number}", token=token(f"agent{number}"))
            for number in range(3001, 3051)
        )
    )
    try:
        requests = (await asyncio.gather(*(lists(page) for page in pages)))[0]
        for request in (one["uuid"] for one in requests.values()):
            outcomes = await asyncio.gather(
                *(page.ask("takeCallback", uuid=request) for page in pages), return_exceptions=True
            )
            assert outcomes.count(None) == 1
            codes = {one.code for one in outcomes if isinstance(one, Refused)}
            assert codes == {"CallbackTaken"}
            winner = 3001 + outcomes.index(None)
            for page in pages:
                taken = await page.until("CallbackTaken", uuid=request)
                assert taken["agentId"] == winner
                errors = page.bodies("AgentError")
                assert {one["agentId"] for one in errors if one["uuid"] == request} <= {winner}
        for page in pages:
            assert len(page.bodies("CallbackTaken")) == len(requests)
    finally:
        await asyncio.gather(*(page.close() for page in pages))


async def test_a_call_that_outlives_xucd_is_still_written_into_its_ticket(world: World) -> None:
    bruce = await world.client("bruce")
    request = (await lists(bruce))["O'Neill"]["uuid"]
    await bruce.ask("takeCallback", uuid=request)
    ticket, mine = await start(world, bruce, request)
    mine.answer()
    far = await world.phone(NUMBER).rings()
    await world.xucd.stop(signal.SIGKILL)
    far.answer()
    await far.answered()
    await world.xucd.start()
    again = await world.client("bruce")
    held = (await lists(again))["O'Neill"]
    assert (held["agentId"], held["ticketUuid"]) == (BRUCE, ticket)
    await again.ask("getCurrentCallsPhoneEvents")
    await again.frame(lambda frame: frame.type == "CurrentCallsPhoneEvents")
    await far.hang_up()
    kept = await ticket_of(world.xucd, ticket)
    assert kept.answered is not None and kept.duration is not None
    assert kept.failure is None
    await again.ask("updateCallbackTicket", uuid=ticket, status="Answered")
    await again.until("CallbackClotured", uuid=request)


@asynccontextmanager
async def world_of(xucd: Xucd, phones: Phones) -> AsyncIterator[World]:
    """A daemon of another centre than the demo's, beside the same Asterisk."""
    world = World(xucd, phones)
    try:
        yield world
    finally:
        await world.close()
        await clear(world)
