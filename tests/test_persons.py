"""The data of a person: found by any form of a number, given out, and erased, and told of."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import update

from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from tests.test_agi_server import Asterisk
from xucd.app.streams import durable_streams
from xucd.center.callbacks import TicketUpdate
from xucd.cli import main
from xucd.cti.messages import AgentListen, encode
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams.records import Owner
from xucd.store import Store
from xucd.store import callback_writing as writing
from xucd.store.callback_writing import NewTicket
from xucd.store.tables import callback_requests as table

FORMS = ["0301234567", "+49301234567", "0049301234567", "+49 (30) 123 45 67"]
OTHER = "0309999999"
REFERENCE = "0123456789abcdef0123456789abcdef"
CALLER = "0230210082"  # that of `Asterisk`
SHEETS = """
[[sheets]]
name = "customer"
items = [{ name = "Caller", value = "{caller_name} {caller_number}" }]
"""
TELLING = [b"301234567", b"Customer", b"wants a boat", b"Alice will send her contract"]


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["sqlite", "postgresql"])
async def xucd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LoneXucd]:
    folder: Path = tmp_path_factory.mktemp("persons")
    url = None
    if request.param == "postgresql":
        create: Callable[[str], str] = request.getfixturevalue("postgresql")
        url = create("persons")
    async with LoneXucd(folder, url, settings=SHEETS) as xucd:
        yield xucd


@pytest.fixture
def ada(xucd: LoneXucd) -> RestClient:
    """An administrator."""
    return RestClient(xucd.port, xucd.token("ada"))


async def add(ada: RestClient, **values: str) -> str:
    (one,) = (await ada.ask("GET", "/callback_lists"))[1]
    path = f"/callback_lists/{one['uuid']}/callback_requests"
    status, added = await ada.ask("POST", path, values)
    assert status == 201
    return str(added["uuids"][0])


def call(store: Store, request: str, number: str) -> UUID:
    """The ticket of a call of a request that lasted a minute, filled in."""
    ticket = uuid4()
    now = time.time()
    new = NewTicket(
        uuid=ticket, request_uuid=UUID(request), agent_id=8, phone_number=number, started=now
    )
    writing.take(store, UUID(request), 8, lambda _: None)
    writing.create_ticket(store, new, lambda _: None)
    writing.record_answered(store, ticket, now + 5)
    writing.record_ended(store, ticket, now + 65, 60.0, None)
    said = TicketUpdate(status="Answered", comment="Alice will send her contract", due_date=None)
    writing.update_ticket(store, ticket, said, lambda _: None)
    return ticket


async def person(client: RestClient, what: str, number: str) -> Any:
    status, answer = await client.ask("POST", f"/persons/{what}", {"number": number})
    assert status == 200, answer
    return answer


async def alices_data(xucd: LoneXucd, ada: RestClient) -> None:
    """Put an open and a called request of alice's, and another person's, into the database."""
    await add(ada, phoneNumber="0301234567", lastName="Customer", description="wants a boat")
    mobile = await add(ada, phoneNumber=OTHER, mobilePhoneNumber="+49301234567")
    await add(ada, phoneNumber="0301234568", lastName="Neighbour")
    store = xucd.store()
    call(store, mobile, OTHER)
    store.close()


@pytest.mark.parametrize("form", FORMS)
async def test_a_person_is_found_by_every_form_of_its_number(
    xucd: LoneXucd, ada: RestClient, form: str
) -> None:
    await person(ada, "erase", FORMS[0])
    await alices_data(xucd, ada)
    found = await person(ada, "find", form)
    assert found == {
        "callbackRequests": 2,
        "callbackTickets": 1,
        "voiceMessages": [],
        "sheets": 0,
        "numbers": sorted({"0301234567", "+49301234567", OTHER}),
    }


async def test_an_export_has_all_that_is_stored_and_nobody_elses(
    xucd: LoneXucd, ada: RestClient
) -> None:
    await person(ada, "erase", FORMS[0])
    await alices_data(xucd, ada)
    exported = await person(ada, "export", FORMS[1])
    assert {each["description"] for each in exported["callbackRequests"]} == {"wants a boat", None}
    (ticket,) = exported["callbackTickets"]
    assert (ticket["phoneNumber"], ticket["comment"]) == (OTHER, "Alice will send her contract")
    assert "Neighbour" not in json.dumps(exported)


async def test_erasing_leaves_figures_and_nothing_that_tells_who_it_was(
    xucd: LoneXucd, ada: RestClient
) -> None:
    await person(ada, "erase", FORMS[0])
    await alices_data(xucd, ada)
    async with await xucd.client("sue") as page:
        await page.ask("getCallbackLists")
        erased = await person(ada, "erase", FORMS[2])
        await page.until("CallbackClotured")  # an open page is told at once
    assert (erased["callbackRequests"], erased["callbackTickets"]) == (2, 1)
    assert (await person(ada, "find", FORMS[0]))["callbackRequests"] == 0
    assert (await person(ada, "find", OTHER))["callbackTickets"] == 0
    _, tickets = await ada.ask("GET", "/callback_tickets")
    assert "contract" not in tickets
    assert ";60;" in tickets  # its duration
    _, left = await ada.ask("GET", "/callback_requests?filter=lastName=Neighbour")
    assert left["total"] >= 1


async def test_what_is_done_with_a_persons_data_is_told_without_the_number(
    xucd: LoneXucd, ada: RestClient
) -> None:
    await alices_data(xucd, ada)
    for what in ("find", "export", "erase"):
        await person(ada, what, FORMS[0])
        _, page = await ada.ask("GET", f"/audit?kind={what}_person&actor=ada&order=newest&limit=1")
        (told,) = page["list"]
        assert told["actor"] == "ada"
        assert told["targets"] == [{"type": "person", "id": None, "name": "…567"}]
        assert told["detail"]["callbackRequests"] >= 2
    _, whole = await ada.ask("GET", "/audit?limit=1000")
    assert "1234567" not in json.dumps(whole)
    assert OTHER not in json.dumps(whole)


@pytest.mark.parametrize("login", ["bruce", "sue"])
@pytest.mark.parametrize("what", ["find", "export", "erase"])
async def test_nobody_but_an_administrator_handles_a_persons_data(
    xucd: LoneXucd, login: str, what: str
) -> None:
    client = RestClient(xucd.port, xucd.token(login))
    status, answer = await client.ask("POST", f"/persons/{what}", {"number": FORMS[0]})
    assert (status, answer["error"]) == (403, "NotAuthorized")


async def test_the_command_line_does_the_same(xucd: LoneXucd, ada: RestClient) -> None:
    await person(ada, "erase", FORMS[0])
    await alices_data(xucd, ada)
    assert json.loads(await xucd.command("person", "find", FORMS[1]))["callbackRequests"] == 2
    exported = json.loads(await xucd.command("person", "export", FORMS[3]))
    assert len(exported["callbackRequests"]) == 2
    assert '"callbackTickets": 1' in await xucd.command("person", "erase", FORMS[2])
    assert json.loads(await xucd.command("person", "find", FORMS[0]))["numbers"] == []
    _, page = await ada.ask("GET", "/audit?kind=erase_person&actor=command%20line")
    assert page["list"][-1]["detail"]["callbackTickets"] == 1


async def test_the_references_of_voice_messages_are_named_so_that_the_files_can_go(
    xucd: LoneXucd, ada: RestClient
) -> None:
    uuid = await add(ada, phoneNumber="0304444444")
    store = xucd.store()
    with store.writing() as connection:
        this = table.c.uuid == UUID(uuid)
        connection.execute(update(table).where(this).values(voice_message_ref=REFERENCE))
    store.close()
    assert (await person(ada, "erase", "0304444444"))["voiceMessages"] == [REFERENCE]


async def test_the_sheet_of_a_call_that_lasts_is_given_out_and_emptied(
    xucd: LoneXucd, ada: RestClient
) -> None:
    await person(ada, "erase", CALLER)
    asterisk = await Asterisk.connect(xucd.pbx.agi_port, "sheet", "customer")
    await asterisk.hears()  # it is kept by now
    assert (await person(ada, "find", CALLER))["sheets"] == 1
    assert (await person(ada, "find", OTHER))["sheets"] == 0
    (sheet,) = (await person(ada, "export", f"+49{CALLER[1:]}"))["sheets"]
    assert (sheet["name"], sheet["values"]["caller_name"]) == ("customer", "Élise")
    assert (await person(ada, "erase", CALLER))["sheets"] == 1
    assert (await person(ada, "export", CALLER))["sheets"] == []
    asterisk.writer.close()


def files_that_tell(folder: Path) -> dict[str, list[bytes]]:
    """The files that hold anything of alice's, each with what it is."""
    found = {
        file.name: [each for each in TELLING if each in content]
        for file in folder.iterdir()
        if (content := file.read_bytes())
    }
    return {name: told for name, told in found.items() if told}


async def test_erasing_leaves_nothing_of_a_person_in_any_file(tmp_path: Path) -> None:
    async with LoneXucd(tmp_path) as xucd:
        ada = RestClient(xucd.port, xucd.token("ada"))
        page = await xucd.client("sue", "&resume=1")
        stream = (await page.until("LoggedOn"))["stream"]
        await page.ask("getCallbackLists")
        (one,) = (await ada.ask("GET", "/callback_lists"))[1]
        path = f"/callback_lists/{one['uuid']}/callback_requests"
        text = "about the harbour " * 12
        rows = [f"030{number};Neighbour;{text}" for number in range(9000, 9400)]
        rows[::10] = ["0301234567;Customer;wants a boat"] * 40  # they move as pages are split
        csv = "\n".join(["phoneNumber;lastName;description", *rows])
        assert (await ada.ask("POST", path, csv, "text/csv"))[0] == 201
        await alices_data(xucd, ada)
        await page.until("CallbackRequestUpdated")
        assert {"xucd.db-wal", "xucd.db-streams.1"} <= files_that_tell(tmp_path).keys()
        page.cut()
        assert (await person(ada, "erase", FORMS[1]))["callbackRequests"] == 42
        assert files_that_tell(tmp_path) == {}
        query = f"&resume=1&epoch={stream['epoch']}&position={stream['position']}"
        async with await xucd.client("sue", query) as again:
            assert (await again.until("LoggedOn"))["recovered"] is False


def test_the_command_line_erases_what_an_ended_daemon_keeps_for_its_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/xucd.db"
    monkeypatch.setenv("XUCD_STORE_URL", url)
    monkeypatch.chdir(tmp_path)
    streams = durable_streams(url)
    streams.load()
    stream = streams.open(Owner(1, b""), SignInKey("one", "first"))
    streams.send(stream, encode(AgentListen(started=True, phone_number=FORMS[0], agent_id=8)))
    streams.write()
    assert main(["person", "erase", FORMS[0]]) == 0
    assert files_that_tell(tmp_path).keys() == {"xucd.db-streams.1"}  # it runs, and drops it itself
    streams.close()
    assert main(["person", "erase", FORMS[0]]) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"xucd.db"}
