"""The REST routes of callbacks, asked of a real xucd, on both databases."""

from __future__ import annotations

import asyncio
import csv
import datetime
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.lone_xucd import LoneXucd
from tests.rest_client import JSON, PREFIX, RestClient
from xucd.center.callbacks import TicketUpdate
from xucd.center.callee import KEYS
from xucd.store import callback_writing as writing
from xucd.web.rest_tickets import HEADER

COLUMNS = "phoneNumber|mobilePhoneNumber|firstName|lastName|company|description|dueDate|period"
CSV = "text/csv"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
# Besides the demo's list, which is that of the queue support, one of billing.
MORE = '[[callbackLists]]\nname = "Bills"\nqueue = "billing"\ncallerId = "0230219999"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["sqlite", "postgresql"])
async def xucd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LoneXucd]:
    folder: Path = tmp_path_factory.mktemp("rest")
    url = None
    if request.param == "postgresql":
        create: Callable[[str], str] = request.getfixturevalue("postgresql")
        url = create("rest")
    async with LoneXucd(folder, url, MORE) as xucd:
        yield xucd


@pytest.fixture
def ada(xucd: LoneXucd) -> RestClient:
    """An administrator."""
    return RestClient(xucd.port, xucd.token("ada"))


@pytest.fixture
def sue(xucd: LoneXucd) -> RestClient:
    """A supervisor, of the queue support alone."""
    return RestClient(xucd.port, xucd.token("sue"))


async def list_of(client: RestClient, name: str = "Test list") -> str:
    _, lists = await client.ask("GET", "/callback_lists")
    return str(next(one["uuid"] for one in lists if one["name"] == name))


async def add(client: RestClient, body: Any, kind: str = "application/json", more: str = "") -> Any:
    path = f"/callback_lists/{await list_of(client)}/callback_requests{more}"
    return await client.ask("POST", path, body, kind)


async def one(client: RestClient, **values: Any) -> str:
    """The uuid of a new request."""
    status, answer = await add(client, {"phoneNumber": "100", **values})
    assert (status, answer["created"]) == (201, 1)
    return str(answer["uuids"][0])


async def test_lists_and_periods_can_be_read(ada: RestClient) -> None:
    status, lists = await ada.ask("GET", "/callback_lists")
    assert (status, [(one["name"], one["queueId"], one["callerId"]) for one in lists]) == (
        200,
        [("Bills", 3, "0230219999"), ("Test list", 1, None)],
    )
    assert await ada.ask("GET", f"/callback_lists/{lists[0]['uuid']}") == (200, lists[0])
    status, periods = await ada.ask("GET", "/callback_periods")
    assert status == 200
    assert [(one["name"], one["periodStart"], one["default"]) for one in periods] == [
        ("Morning", "09:00:00", True),
        ("Afternoon", "14:00:00", False),
    ]


async def test_a_request_is_added_read_changed_and_removed(ada: RestClient) -> None:
    _, periods = await ada.ask("GET", "/callback_periods")
    afternoon = periods[1]
    uuid = await one(
        ada,
        phoneNumber="0230210099",
        mobilePhoneNumber="+33789654123",
        firstName="Zoé",
        lastName="O'Hara",
        company="Bateaux & Fils",
        description="after lunch, please",
        dueDate="2031-02-03",
        preferredPeriodUuid=afternoon["uuid"],
    )
    status, held = await ada.ask("GET", f"/callback_requests/{uuid}")
    assert status == 200
    assert datetime.datetime.fromisoformat(held.pop("created")).utcoffset() is not None
    assert held == dict.fromkeys(KEYS.values()) | {
        "uuid": uuid,
        "listUuid": await list_of(ada),
        "phoneNumber": "0230210099",
        "mobilePhoneNumber": "+33789654123",
        "firstName": "Zoé",
        "lastName": "O'Hara",
        "company": "Bateaux & Fils",
        "description": "after lunch, please",
        "agentId": None,
        "dueDate": "2031-02-03",
        "preferredPeriod": afternoon,
        "clotured": False,
    }
    before = datetime.date.today()
    status, changed = await ada.ask(
        "PUT", f"/callback_requests/{uuid}", {"phoneNumber": "0230210098", "lastName": "Hara"}
    )
    assert status == 200
    assert before.isoformat() <= changed["dueDate"] <= datetime.date.today().isoformat()
    assert changed == (await ada.ask("GET", f"/callback_requests/{uuid}"))[1]
    assert [changed[key] for key in ("phoneNumber", "firstName", "lastName")] == [
        "0230210098",
        None,
        "Hara",
    ]
    assert changed["preferredPeriod"] == periods[0]
    assert await ada.ask("DELETE", f"/callback_requests/{uuid}") == (204, "")
    for method in ("GET", "DELETE"):
        status, answer = await ada.ask(method, f"/callback_requests/{uuid}")
        assert (status, answer["error"]) == (404, "CallbackUnknown")


async def test_many_requests_are_added_all_or_none(ada: RestClient) -> None:
    good = [{"phoneNumber": str(number), "company": "Many"} for number in range(100, 103)]
    bad = [{"lastName": "Nobody"}, {"phoneNumber": "1", "preferredPeriodUuid": UNKNOWN}]
    status, answer = await add(ada, [good[0], bad[0], good[1], bad[1], good[2]])
    assert (status, answer["error"]) == (422, "LinesInvalid")
    assert [(one["line"], one["error"]) for one in answer["lines"]] == [
        (2, "NumberInvalid"),
        (4, "PeriodUnknown"),
    ]
    many = "/callback_requests?filter=company%3DMany"
    assert (await ada.ask("GET", many))[1]["total"] == 0
    status, answer = await add(ada, [*good, *bad], more="?leaveOut=true")
    assert (status, answer["created"], len(answer["uuids"])) == (201, 3, 3)
    assert [one["line"] for one in answer["leftOut"]] == [4, 5]
    assert (await ada.ask("GET", many))[1]["total"] == 3


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
async def test_a_csv_file_is_imported(ada: RestClient, charset: str) -> None:
    text = (
        f"{COLUMNS}\n"
        f"0230210082|0789654123|Alice {charset}|O'Neill|YourSociety||2031-08-01|Afternoon\n"
        f"|0789654124|Maricé {charset}|Saprïtchà||||\n"
    )
    before = datetime.date.today()
    status, answer = await add(ada, text.encode(charset), CSV)
    assert (status, answer["created"], answer["leftOut"]) == (201, 2, [])
    _, first = await ada.ask("GET", f"/callback_requests/{answer['uuids'][0]}")
    _, second = await ada.ask("GET", f"/callback_requests/{answer['uuids'][1]}")
    assert (first["dueDate"], first["preferredPeriod"]["name"]) == ("2031-08-01", "Afternoon")
    assert (second["phoneNumber"], second["lastName"]) == (None, "Saprïtchà")
    assert before.isoformat() <= second["dueDate"] <= datetime.date.today().isoformat()
    assert second["preferredPeriod"]["name"] == "Morning"


async def test_each_bad_line_of_a_csv_file_is_told_and_nothing_is_imported(
    ada: RestClient,
) -> None:
    lines = (
        "description;dueDate;period;phoneNumber;firstName",
        "first;;;100;",
        ";;;01 02;",
        ";2031-02-30;;100;",
        ";tomorrow;;100;",
        ";;Evening;100;",
        ";;;;Nobody",
        "too;few",
        ";;;100;a{b}",
        ";;;100;a,b",
        'open;;;100;"',
        "last;;afternoon;100;",
    )
    status, answer = await add(ada, "\n".join(lines), CSV)
    assert (status, answer["error"]) == (422, "LinesInvalid")
    assert [(bad["line"], bad["error"]) for bad in answer["lines"]] == [
        (3, "NumberInvalid"),
        (4, "DateInvalid"),
        (5, "DateInvalid"),
        (6, "PeriodUnknown"),
        (7, "NumberInvalid"),
        (8, "LineInvalid"),
        (9, "NameInvalid"),
        (10, "NameInvalid"),
        (11, "LineInvalid"),
    ]
    found = "/callback_requests?filter=description%3D{}"
    assert (await ada.ask("GET", found.format("first")))[1]["total"] == 0
    status, answer = await add(ada, "\n".join(lines), CSV, "?leaveOut=true")
    assert (status, answer["created"], len(answer["leftOut"])) == (201, 2, 9)
    assert (await ada.ask("GET", found.format("last")))[1]["total"] == 1


async def test_a_csv_file_that_cannot_be_read_is_refused(ada: RestClient) -> None:
    for body, kind, code in (
        (b"number\n1\n", CSV, "HeaderInvalid"),
        (b"phoneNumber\n1\xff\n", f"{CSV}; charset=utf-8", "CharsetInvalid"),
        (b"phoneNumber\n1\n", f"{CSV}; charset=utf-16", "CharsetUnknown"),
        (b"phoneNumber\n\n", CSV, "LinesInvalid"),
        (b"phoneNumber\nx\n", CSV, "LinesInvalid"),
    ):
        status, answer = await add(ada, body, kind, "?leaveOut=true")
        assert (status, answer["error"]) == (422, code)


async def test_requests_are_found_by_any_field_in_any_order_a_page_at_a_time(
    ada: RestClient,
) -> None:
    dates = ["2031-05-02", "2031-05-04", "2031-05-01", "2031-05-03"]
    await add(ada, [{"phoneNumber": "1", "company": "Find Ltd", "dueDate": day} for day in dates])

    async def found(query: str) -> tuple[int, list[str]]:
        status, answer = await ada.ask("GET", f"/callback_requests?filter=company~find&{query}")
        assert status == 200
        return answer["total"], [one["dueDate"][-2:] for one in answer["list"]]

    assert await found("order=dueDate") == (4, ["01", "02", "03", "04"])
    assert await found("order=-dueDate&limit=2") == (4, ["04", "03"])
    assert await found("order=dueDate&offset=3") == (4, ["04"])
    assert await found("filter=dueDate%3E2031-05-02&order=dueDate") == (2, ["03", "04"])
    assert await found("filter=dueDate%3C2031-05-02") == (1, ["01"])
    assert await found("filter=dueDate%3D2031-05-03") == (1, ["03"])
    assert await found("filter=agentId%3D8") == (0, [])
    assert (await found("filter=agentId%3D"))[0] == 4
    assert (await found("filter=clotured%3Dtrue"))[0] == 0
    assert (await found(f"filter=listUuid%3D{await list_of(ada)}"))[0] == 4


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter=colour%3Dred", "FilterInvalid"),
        ("filter=dueDate%3Dsoon", "FilterInvalid"),
        ("filter=clotured~t", "FilterInvalid"),
        ("filter=lastName~", "FilterInvalid"),
        ("filter=queueId%3D99999999999999999999", "FilterInvalid"),
        ("filter=lastName%3D%00", "InvalidQuery"),
        ("order=colour", "FilterInvalid"),
        ("filter=dueDate", "InvalidQuery"),
        ("limit=0", "InvalidQuery"),
        ("offset=-1", "InvalidQuery"),
        ("limit=1&limit=2", "InvalidQuery"),
        ("limits=1", "InvalidQuery"),
        ("filter=%ff", "InvalidQuery"),
    ],
)
async def test_a_search_that_cannot_be_is_refused(ada: RestClient, query: str, code: str) -> None:
    status, answer = await ada.ask("GET", f"/callback_requests?{query}")
    assert (status, answer["error"]) == (422 if code == "FilterInvalid" else 400, code)


async def test_tickets_are_told_as_csv(ada: RestClient) -> None:
    status, headers, content = await ada.whole("GET", "/callback_tickets")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert next(csv.reader([content.decode("utf-8-sig")], delimiter=";")) == HEADER
    query = f"?listUuid={await list_of(ada)}&from=2031-01-01&to=2031-01-31"
    assert (await ada.ask("GET", f"/callback_tickets{query}"))[0] == 200
    assert (await ada.ask("GET", "/callback_tickets?to=9999-12-31"))[1]["error"] == "DateInvalid"
    status, answer = await ada.ask("GET", f"/callback_tickets?listUuid={UNKNOWN}")
    assert (status, answer["error"]) == (404, "ListUnknown")


async def test_a_ticket_is_a_line_of_the_days_that_are_asked_for(
    xucd: LoneXucd, ada: RestClient, sue: RestClient
) -> None:
    request = UUID(await one(ada, phoneNumber="0230210099"))
    bills = f"/callback_lists/{await list_of(ada, 'Bills')}/callback_requests"
    _, billed = await ada.ask("POST", bills, {"phoneNumber": "1"})
    noon = datetime.datetime(2031, 8, 5, 12).astimezone()
    await asyncio.to_thread(_call, xucd, request, noon.timestamp(), '=1+1;"x"')
    await asyncio.to_thread(_call, xucd, UUID(billed["uuids"][0]), noon.timestamp(), "billed")

    async def lines(client: RestClient, query: str) -> list[dict[str, str]]:
        status, text = await client.ask("GET", f"/callback_tickets?{query}")
        assert status == 200
        return list(csv.DictReader(text.splitlines(), delimiter=";"))

    (line,) = await lines(ada, f"listUuid={await list_of(ada)}&from=2031-08-05&to=2031-08-05")
    assert UUID(line.pop("ticketUuid"))
    assert line == {
        "requestUuid": str(request),
        "list": "Test list",
        "queue": "support",
        "agentNumber": "2501",
        "agentName": "Bruce Wail",
        "phoneNumber": "0230210099",
        "start": noon.isoformat(),
        "answer": (noon + datetime.timedelta(seconds=10)).isoformat(),
        "end": (noon + datetime.timedelta(seconds=70)).isoformat(),
        "duration": "60",
        "failure": "",
        "status": "Answered",
        "comment": '\'=1+1;"x"',
        "dueDate": "",
        "period": "",
    }
    assert len(await lines(ada, "from=2031-08-05&to=2031-08-05")) == 2
    assert [one["queue"] for one in await lines(sue, "from=2031-08-01")] == ["support"]
    assert await lines(ada, "from=2031-08-06") == await lines(ada, "to=2031-08-04") == []


def _call(xucd: LoneXucd, request: UUID, at: float, comment: str) -> None:
    """Put a call of bruce's that lasted a minute into the database, with what came of it."""
    store, ticket = xucd.store(), uuid4()
    new = writing.NewTicket(
        uuid=ticket, request_uuid=request, agent_id=8, phone_number="0230210099", started=at
    )
    writing.create_ticket(store, new, lambda _: None)
    writing.record_answered(store, ticket, at + 10)
    writing.record_ended(store, ticket, at + 70, 60.0, None)
    update = TicketUpdate(status="Answered", comment=comment)
    writing.update_ticket(store, ticket, update, lambda _: None)
    store.close()


async def test_a_supervisor_works_on_its_own_queues_alone(ada: RestClient, sue: RestClient) -> None:
    bills = await list_of(ada, "Bills")
    path = f"/callback_lists/{bills}/callback_requests"
    _, answer = await ada.ask("POST", path, {"phoneNumber": "1", "company": "Billed"})
    request = f"/callback_requests/{answer['uuids'][0]}"
    status, lists = await sue.ask("GET", "/callback_lists")
    assert (status, [one["name"] for one in lists]) == (200, ["Test list"])
    assert (await sue.ask("GET", f"/callback_lists/{bills}"))[0] == 404
    found = await sue.ask("GET", "/callback_requests?filter=company%3DBilled")
    assert found == (200, {"total": 0, "list": []})
    for method, place, body in (
        ("POST", path, {"phoneNumber": "1"}),
        ("GET", request, None),
        ("PUT", request, {"phoneNumber": "2"}),
        ("DELETE", request, None),
        ("GET", f"/callback_tickets?listUuid={bills}", None),
    ):
        status, answer = await sue.ask(method, place, body)
        assert (status, answer["error"]) == (403, "NotAuthorized")
    assert (await ada.ask("GET", request))[1]["phoneNumber"] == "1"
    mine = await one(sue)
    assert (await sue.ask("PUT", f"/callback_requests/{mine}", {"phoneNumber": "2"}))[0] == 200
    assert (await sue.ask("DELETE", f"/callback_requests/{mine}"))[0] == 204


@pytest.mark.parametrize(
    ("login", "place", "status"),
    [
        ("ada", UNKNOWN, 404),
        ("sue", "Bills", 403),
        ("", "Test list", 401),
        ("ada", "nonsense", 400),
    ],
)
async def test_an_import_is_refused_before_its_body_comes(
    xucd: LoneXucd, ada: RestClient, login: str, place: str, status: int
) -> None:
    if " " in place or place == "Bills":
        place = await list_of(ada, place)
    reader, writer = await asyncio.open_connection("127.0.0.1", xucd.port)
    bearer = f"Authorization: Bearer {xucd.token(login)}\r\n" if login else ""
    writer.write(
        f"POST {PREFIX}/callback_lists/{place}/callback_requests HTTP/1.1\r\nHost: a\r\n{bearer}"
        "Content-Length: 8000000\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert (
        await reader.readuntil(
            b" ",
        )
    ) + await reader.readuntil(b" ") == (f"HTTP/1.1 {status} ".encode())
    writer.close()


async def test_a_large_array_is_added_or_its_first_mistake_is_told(ada: RestClient) -> None:
    rows: list[dict[str, Any]] = [{"phoneNumber": "100", "description": "é" * 100}] * 600
    assert (await add(ada, rows))[0] == 201
    wrong = [*rows, {"phoneNumber": "100", "dueDate": "soon"}]
    status, answer = await add(ada, wrong)
    assert (status, answer["error"]) == (400, "InvalidBody")
    assert "at [600].dueDate" in answer["message"]
    status, answer = await add(ada, [*rows, {"phoneNumber": {}}])
    assert (status, answer["error"]) == (400, "InvalidJson")


async def test_a_user_without_a_profile_works_on_all_lists(xucd: LoneXucd) -> None:
    bruce = RestClient(xucd.port, xucd.token("bruce"))
    path = f"/callback_lists/{await list_of(bruce, 'Bills')}/callback_requests"
    assert (await bruce.ask("POST", path, {"phoneNumber": "1"}))[0] == 201


async def test_an_import_is_told_even_if_its_client_hangs_up(
    xucd: LoneXucd, ada: RestClient
) -> None:
    body = "phoneNumber;company\n" + "100;Hung up\n" * 3000
    head = (
        f"POST {PREFIX}/callback_lists/{await list_of(ada)}/callback_requests HTTP/1.1\r\n"
        f"Host: x\r\nAuthorization: Bearer {ada.token}\r\nContent-Type: text/csv\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    async with await xucd.client("alice") as alice:
        await alice.ask("getCallbackLists")
        _, writer = await asyncio.open_connection("127.0.0.1", xucd.port)
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await alice.frame(lambda frame: frame.type == "CallbackLists" and "Hung up" in frame.raw)
    # Nothing that is worth a traceback.
    assert not re.search("Unhandled|Traceback|HTTP request failed", xucd.log.read_text())


async def test_clients_that_ask_and_reset_leave_no_connection_behind(
    xucd: LoneXucd, ada: RestClient
) -> None:
    head = (
        f"GET {PREFIX}/callback_requests HTTP/1.1\r\n"
        f"Host: x\r\nAuthorization: Bearer {ada.token}\r\n\r\n"
    )
    body = '{"login":"ada","password":"not this one"}'
    login = (
        "POST /xuc/api/2.0/auth/login HTTP/1.1\r\n"
        f"Host: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    before = xucd.sockets()
    for sent in (*[head] * 20, *[login] * 5):
        with socket.create_connection(("127.0.0.1", xucd.port)) as client:
            client.sendall(sent.encode())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    async with asyncio.timeout(10):
        while True:  # another process closes them: there is nothing to wait on
            if xucd.sockets() <= before:
                break
            await asyncio.sleep(0.02)
    assert (await ada.ask("GET", "/callback_lists"))[0] == 200
    assert "Traceback" not in xucd.log.read_text()


async def test_what_is_done_by_rest_is_told_to_those_who_listen(
    xucd: LoneXucd, ada: RestClient
) -> None:
    async with await xucd.client("alice") as alice:
        await alice.ask("getCallbackLists")
        uuid = await one(ada, lastName="Told")
        await alice.frame(lambda frame: _updated(frame, uuid) == "Told")
        await ada.ask(
            "PUT", f"/callback_requests/{uuid}", {"phoneNumber": "100", "lastName": "Anew"}
        )
        await alice.frame(lambda frame: _updated(frame, uuid) == "Anew")
        await ada.ask("DELETE", f"/callback_requests/{uuid}")
        await alice.until("CallbackClotured", uuid=uuid)


def _updated(frame: Any, uuid: str) -> str | None:
    if frame.type != "CallbackRequestUpdated" or frame.body["request"]["uuid"] != uuid:
        return None
    return str(frame.body["request"]["lastName"])


@pytest.mark.parametrize(
    ("headers", "code", "error"),
    [
        ({"Authorization": "Basic x"}, 401, "BearerNotFound"),
        ({"Authorization": "Bearer x"}, 403, "InvalidToken"),
        ({"Authorization": ""}, 401, "BearerNotFound"),
    ],
)
async def test_a_token_is_asked_for(
    ada: RestClient, headers: dict[str, str], code: int, error: str
) -> None:
    for path in ("/callback_lists", "/callback_periods", "/callback_tickets"):
        status, answer = await ada.ask("GET", path, **headers)
        assert (status, answer["error"]) == (code, error)


async def test_a_request_that_is_none_is_told_what_is_wrong(ada: RestClient) -> None:
    path = f"/callback_lists/{await list_of(ada)}/callback_requests"
    uuid = await one(ada)
    for method, place, body, kind, code, error in (
        ("POST", path, b"{", "application/json", 400, "InvalidJson"),
        ("POST", path, b'{"phoneNumber":1}', "application/json", 400, "InvalidBody"),
        ("POST", path, b'{"phoneNumber":"1","x":"<b>"}', "application/json", 400, "InvalidBody"),
        ("POST", path, b"[]", "application/json", 400, "InvalidBody"),
        ("POST", path, b"<x/>", "text/xml", 415, "UnsupportedMediaType"),
        ("POST", path, b"{}", "application/json; charset=\xff", 415, "UnsupportedMediaType"),
        ("POST", path, b"x", f"{CSV}; charset=\xff", 422, "CharsetUnknown"),
        ("POST", path, b"{}", f"{JSON}; charset*=latin-1''a", 415, "UnsupportedMediaType"),
        (
            "POST",
            path,
            b"{}",
            f"{JSON}; charset*=utf-8''a; charset*0=b",
            415,
            "UnsupportedMediaType",
        ),
        ("POST", path, b"{}", f"{JSON}; charset*{'0' * 5000}=x", 415, "UnsupportedMediaType"),
        ("PUT", f"/callback_requests/{uuid}", b"x\n1\n", CSV, 415, "UnsupportedMediaType"),
        ("PUT", f"/callback_requests/{uuid}", b"{}", "application/json", 422, "NumberInvalid"),
        ("POST", f"{path}?leaveOut=perhaps", b"{}", "application/json", 400, "InvalidQuery"),
        ("GET", "/callback_requests/x", None, "", 400, "InvalidAddress"),
        ("GET", "/callback_requests/%ff", None, "", 404, "NotFound"),
        ("GET", f"/callback_lists/{UNKNOWN}", None, "", 404, "ListUnknown"),
        ("PATCH", "/callback_lists", None, "", 405, "MethodNotAllowed"),
    ):
        status, answer = await ada.ask(method, place, body, kind)
        assert (status, answer["error"]) == (code, error), (place, body)
        assert "<b>" not in answer["message"]


async def test_only_those_who_have_signed_in_may_send_a_large_body(ada: RestClient) -> None:
    large = f"phoneNumber|description\n100|{'x' * 1000}\n".ljust(100_000).encode()
    assert (await add(ada, large, CSV))[0] == 201
    path = f"/callback_lists/{await list_of(ada)}/callback_requests"
    stranger = RestClient(ada.port, "x")
    assert (await stranger.ask("POST", path, large, CSV))[0] == 403
    assert (await add(ada, b"phoneNumber\n".ljust(9_000_000), CSV))[0] == 413


async def test_pages_of_other_origins_may_use_it(xucd: LoneXucd, ada: RestClient) -> None:
    origin = f"http://127.0.0.1:{xucd.port}"
    status, headers, _ = await ada.whole("OPTIONS", "/callback_requests/x", Origin=origin)
    assert status == 204
    assert {"PUT", "DELETE"} <= set(headers["access-control-allow-methods"].split(", "))
    _, headers, _ = await ada.whole("GET", "/callback_requests/x", Origin=origin)
    assert headers["access-control-allow-origin"] == origin


async def test_ten_thousand_lines_are_imported_while_others_are_served(
    xucd: LoneXucd, ada: RestClient, sue: RestClient
) -> None:
    lines = [f"02{n:08}||Alice|O'Neill|Import Ltd|{n}|2031-08-01|Afternoon" for n in range(10_000)]
    text = "\n".join([COLUMNS, *lines])
    alice = await xucd.client("alice")
    await alice.ask("getCallbackLists")
    seen = len(alice.frames)
    importing = asyncio.ensure_future(add(ada, text, CSV))
    served = 0
    while not importing.done():
        assert (await sue.ask("GET", "/auth/check"))[0] == 200
        served += 1
    status, answer = await importing
    assert (status, answer["created"]) == (201, 10_000)
    assert (await ada.ask("GET", "/callback_requests?filter=company%3DImport%20Ltd"))[1][
        "total"
    ] == 10_000
    assert served >= 2  # it is one where nobody is served meanwhile
    lists = (await alice.frame(lambda frame: frame.type == "CallbackLists", after=seen)).body
    told = {request["uuid"] for held in lists for request in held["callbacks"]}
    assert told >= set(answer["uuids"])
    await alice.close()
