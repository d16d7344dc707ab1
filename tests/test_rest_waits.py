"""REST routes that wait: what is held meanwhile, whose rights end before it is their turn, and
who goes on while a large body is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest

from tests.conftest import TODAY
from tests.rest_client import JSON, PREFIX, RestClient
from tests.scene import SALES, SUPPORT, Scene
from tests.test_context import Script, a_context
from tests.test_discovery import found, member
from tests.test_members_found import joins
from tests.test_rest_gaps import write as write_gaps
from tests.web_server import BRUCE, Server, serving, until
from xucd.app.adopting import Adopter
from xucd.app.users import DaemonUserImporter
from xucd.callbacks.service import Callbacks
from xucd.center.audit import AuditEntry
from xucd.center.directory import Profile
from xucd.center.rights import rights_of
from xucd.config.plan import Plan, PlannedCallback, PlannedCallbackList
from xucd.store import AsyncStore, Store
from xucd.store import callback_reading as reading
from xucd.store import callback_writing as writing
from xucd.store.apply import apply
from xucd.store.audit_trail import AuditTrail
from xucd.store.journal import Journal
from xucd.tools import discovery
from xucd.tools.discovery import FoundPbx
from xucd.web import json_steps
from xucd.web.import_slots import SLOTS_OF_USER
from xucd.web.rest_route import RestServices
from xucd.web.rest_routes import ROUTES
from xucd.web.rest_work import LARGE, RestWork

ONE = b'[{"phoneNumber":"1"}]'
OTHER = "Local/204@from-queue/n"
LIST = UUID("00000000-0000-4000-8000-000000000001")


class Waits:
    """Stands before the database: everything waits for `gate`, and is counted."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.trail: list[AuditEntry] = []

    async def written(self, place: int | None = None) -> None:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1

    def later(self, work: Any, *entries: AuditEntry) -> int:
        self.trail += entries
        return len(self.trail)


class Work:
    """Callbacks of one list; what is added waits for the journal."""

    def __init__(self, journal: Waits) -> None:
        self._journal = journal

    async def check_list(self, uuid: UUID, by: Any) -> None:
        assert by.rights is not None

    async def periods(self) -> list[Any]:
        return []

    async def create(self, uuid: UUID, requests: Any, by: Any) -> list[Any]:
        await self._journal.written()
        return []


async def reload() -> None:
    """Users are taken over: here they are the server's."""


@contextlib.asynccontextmanager
async def site(callbacks: Any, journal: Any) -> AsyncIterator[Server]:
    trail = AuditTrail(journal, lambda: 1.0)
    pbx: Any = SimpleNamespace(query=None)
    services = RestServices(
        callbacks=callbacks,
        audit=trail,
        users=DaemonUserImporter(journal, reload),
        adopt=Adopter(pbx, journal, reload).adopt,
    )
    work = RestWork(services, lambda user: rights_of(user, strict=False))
    async with serving(parts={"audit": trail, "rest": work.serve}) as server:
        yield server
    trail.flush()  # else it would write minutes later


def posted(token: str, body: bytes) -> tuple[bytes, bytes]:
    """The head and the body of a request that adds callbacks."""
    head = (
        f"POST {PREFIX}/callback_lists/{LIST}/callback_requests HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


async def test_a_single_callback_waits_for_no_import() -> None:
    async with site(Work(Waits()), Waits()) as server:
        token = await server.token()
        head, _ = posted(token, b" " * (LARGE + 1))
        imports = [
            await asyncio.open_connection("127.0.0.1", server.port) for _ in range(SLOTS_OF_USER)
        ]
        for _, writer in imports:
            writer.write(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        for reader, _ in imports:
            assert (await reader.readline()) == b"HTTP/1.1 100 Continue\r\n"
        reader, single = await asyncio.open_connection("127.0.0.1", server.port)
        single.write(b"".join(posted(token, ONE)))
        assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
        for writer in (single, *(writer for _, writer in imports)):
            writer.close()


@pytest.mark.parametrize("length", [len(ONE), LARGE + 1])
async def test_an_import_whose_client_has_gone_keeps_its_slot_until_it_is_done(length: int) -> None:
    journal = Waits()
    async with site(Work(journal), journal) as server:
        token = await server.token()
        journal.gate.clear()
        head, body = posted(token, ONE.ljust(length))
        for count in range(SLOTS_OF_USER):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head + body)
            await until(lambda count=count: journal.waiting > count)
            writer.transport.abort()
        # The next one is not let in, though nobody waits for the answers of those before.
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head + body)
        assert (await server.json("GET", "/health"))[0] == 200
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.3)
        assert journal.waiting == SLOTS_OF_USER
        journal.gate.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
        writer.close()


ROW = b'{"phoneNumber":"1","description":"' + b"x" * 130 + b'"}'


@pytest.mark.parametrize(
    ("last", "status"), [(ROW, 201), (b'{"no":1}', 400)], ids=["right", "wrong at its end"]
)
async def test_links_are_answered_again_and_again_while_a_large_body_is_decoded(
    monkeypatch: pytest.MonkeyPatch, last: bytes, status: int
) -> None:
    loop, pings = asyncio.get_running_loop(), 0

    async def ping() -> None:
        nonlocal pings
        link.say('{"claz":"ping"}')
        assert await link.hear() == {"claz": "ping"}
        pings += 1

    def pause(seconds: float) -> None:
        # In vain, if this is the loop's own thread.
        asyncio.run_coroutine_threadsafe(ping(), loop).result(20)

    monkeypatch.setattr(json_steps, "time", SimpleNamespace(sleep=pause))
    body = b"[" + (ROW + b",") * (8_000_000 // len(ROW + b",")) + last + b"]"
    async with site(Work(Waits()), Waits()) as server, await server.opened("alice") as link:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"".join(posted(await server.token(), body)))
        assert (await reader.readline()).startswith(f"HTTP/1.1 {status} ".encode())
        writer.close()
    assert pings > 50


class SlowJournal(Journal):
    """A journal that waits before it asks the database, and does something before and after."""

    def __init__(self, store: AsyncStore) -> None:
        super().__init__(store)
        self.gate = asyncio.Event()
        self.asked = 0
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._slowly(super().run, work, *args, **kwargs)

    async def read(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._slowly(super().read, work, *args, **kwargs)

    async def now(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._slowly(super().now, work, *args, **kwargs)

    async def _slowly(self, ask: Callable[..., Any], work: Any, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        await self.gate.wait()
        self.before()
        result = await ask(work, *args, **kwargs)
        self.after()
        return result


class Centre:
    """A site before a real database, with an administrator, who can be demoted.

    `request` is one of support's, and `callback_list` its list. Sales has one of each, too.
    """

    def __init__(
        self, server: Server, journal: SlowJournal, request: str, callback_list: str
    ) -> None:
        self.server = server
        self.journal = journal
        self.request = request
        self.callback_list = callback_list
        self.promote()

    def promote(self) -> None:
        self._set_profile("Admin")

    def demote(self) -> None:
        self._set_profile(None)

    def supervise(self, *queue_ids: int, agent_id: int | None = BRUCE.agent_id) -> None:
        """The user is a supervisor of these queues, and has this agent."""
        self.server.users["bruce"] = msgspec.structs.replace(
            BRUCE, profile="Supervisor", queue_ids=frozenset(queue_ids), agent_id=agent_id
        )

    def remove(self) -> None:
        """The user is no more."""
        del self.server.users["bruce"]

    def _set_profile(self, profile: Profile | None) -> None:
        self.server.users["bruce"] = msgspec.structs.replace(BRUCE, profile=profile)

    async def ask(
        self, method: str, path: str, body: Any, kind: str = JSON, token: str = ""
    ) -> tuple[int, Any]:
        token = token or await self.server.token()
        path = path.replace("REQUEST", self.request).replace("LIST", self.callback_list)
        return await RestClient(self.server.port, token).ask(method, path, body, kind)


SALES_LIST = PlannedCallbackList(
    "Sales list", SALES, (PlannedCallback(phone_number="0230210090", due_date=TODAY),)
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, demo_plan: Plan) -> Path:
    """A database with two lists, a ticket of each request, and a gap with calls of support."""
    path = tmp_path_factory.mktemp("waits") / "xucd.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    lists = (*demo_plan.callback_lists, SALES_LIST)
    apply(store, msgspec.structs.replace(demo_plan, callback_lists=lists))
    for number, request in enumerate(reading.open_requests(store)):
        ticket = writing.NewTicket(
            uuid=UUID(int=number),
            request_uuid=request.uuid,
            agent_id=None,
            phone_number="1",
            started=number,
        )
        writing.create_ticket(store, ticket, lambda _: None)
    write_gaps(store, time.time())
    store.close()
    return path


@pytest.fixture
async def centre(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Centre]:
    async def discovered(query: Any) -> FoundPbx:
        return found(member(OTHER, "Dan"), queue="support")

    monkeypatch.setattr(discovery, "discover", discovered)
    shutil.copy(database, tmp_path)
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    lists = {row.queue_id: row.uuid for row in reading.lists(store)}
    requests = {found.queue_id: found.uuid for found in reading.open_requests(store)}
    ahead = AsyncStore(store)
    scene = Scene()
    scene.happens(joins(OTHER, "Dan"))
    context = a_context(scene, Script())
    context.journal = journal = SlowJournal(ahead)
    callbacks = Callbacks(context)
    async with site(callbacks, journal) as server:
        yield Centre(server, journal, str(requests[SUPPORT]), str(lists[SUPPORT]))
    await journal.written()
    await ahead.close()


# They wait several times: for what there is, for hashes or the PBX, and to write.
IN_STEPS = [
    ("POST", "/users/import", {"login": "zoe", "firstName": "Zoe", "lastName": "Park"}),
    ("POST", "/users/import?dryRun=true", {"login": "zoe", "firstName": "Z", "lastName": "P"}),
    ("POST", "/other_members/adopt", {"interface": OTHER}),
]
WRITES = [
    ("PUT", "/callback_requests/REQUEST", {"phoneNumber": "1"}),
    ("DELETE", "/callback_requests/REQUEST", None),
    ("POST", "/persons/erase", {"number": "0230210082"}),
]
READS = [
    ("POST", "/persons/find", {"number": "0230210082"}),
    ("POST", "/persons/export", {"number": "0230210082"}),
    ("GET", "/audit", None),
    ("GET", "/callback_tickets", None),
]


@pytest.mark.parametrize(("method", "path", "body"), [*WRITES, *READS, *IN_STEPS])
async def test_who_is_demoted_while_a_request_waits_is_refused_and_counted(
    centre: Centre, method: str, path: str, body: Any
) -> None:
    journal = centre.journal
    asking = asyncio.ensure_future(centre.ask(method, path, body))
    await until(lambda: journal.asked)
    centre.demote()
    journal.gate.set()
    status, answer = await asking
    assert (status, answer["error"]) == (403, "NotAuthorized")
    centre.promote()
    assert (await centre.ask("GET", "/callback_requests/REQUEST", None))[0] == 200
    _, page = await centre.ask("GET", "/audit", None)
    refused = [entry["outcome"] for entry in page["list"] if entry["kind"] != "sign_in"]
    # To change a request is not audited.
    assert refused.count("NotAuthorized") == (method != "PUT")


@pytest.mark.parametrize(("method", "path", "body"), READS)
async def test_what_was_read_before_a_demotion_is_not_given_out_after_it(
    centre: Centre, method: str, path: str, body: Any
) -> None:
    centre.journal.gate.set()
    centre.journal.after = centre.demote
    status, answer = await centre.ask(method, path, body)
    assert (status, answer["error"]) == (403, "NotAuthorized")


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_what_was_done_before_a_demotion_is_answered(
    centre: Centre, method: str, path: str, body: Any
) -> None:
    centre.journal.gate.set()
    centre.journal.after = centre.demote
    assert (await centre.ask(method, path, body))[0] in (200, 204)


@pytest.mark.parametrize(("method", "path", "body"), IN_STEPS)
async def test_who_is_demoted_at_any_moment_before_the_last_step_has_changed_nothing(
    centre: Centre, method: str, path: str, body: Any
) -> None:
    journal = centre.journal
    journal.gate.set()
    before = await journal.run(Store.directory)
    for turn in itertools.count(1):
        centre.promote()
        token, last = await centre.server.token(), journal.asked + turn

        def demote(last: int = last) -> None:
            if journal.asked == last:
                centre.demote()

        journal.before = demote
        status, _ = await centre.ask(method, path, body, token=token)
        journal.before = lambda: None
        after = await journal.run(Store.directory)
        if status != 403:
            break
        assert after.user_by_login.keys() == before.user_by_login.keys()
    assert status in (200, 201)
    assert turn > 1
    assert (len(after.user_by_login) > len(before.user_by_login)) == ("dryRun" not in path)


async def test_what_is_read_again_since_rights_have_changed_is_told_once(centre: Centre) -> None:
    def change() -> None:
        user = centre.server.users["bruce"]
        centre.server.users["bruce"] = msgspec.structs.replace(user, agent_id=9)

    centre.journal.gate.set()
    centre.journal.after = change
    status, _ = await centre.ask("POST", "/persons/find", {"number": "0230210082"})
    assert status == 200
    _, page = await centre.ask("GET", "/audit", None)
    assert [entry["kind"] for entry in page["list"]].count("find_person") == 1


class Bounded(NamedTuple):
    """A request whose answer depends on which queues are on a supervisor's list."""

    method: str
    path: str
    body: Any = None
    kind: str = JSON


ADD = "/callback_lists/LIST/callback_requests"
BOUNDED_WRITES = {
    "add one": Bounded("POST", ADD, {"phoneNumber": "1"}),
    "add many": Bounded("POST", ADD, [{"phoneNumber": "1"}, {"phoneNumber": "2"}]),
    "add by CSV": Bounded("POST", ADD, "phoneNumber\n1\n2\n", "text/csv"),
    "change": Bounded("PUT", "/callback_requests/REQUEST", {"phoneNumber": "1"}),
    "delete": Bounded("DELETE", "/callback_requests/REQUEST"),
}
BOUNDED_READS = {
    "lists": Bounded("GET", "/callback_lists"),
    "a list": Bounded("GET", "/callback_lists/LIST"),
    "search": Bounded("GET", "/callback_requests"),
    "a request": Bounded("GET", "/callback_requests/REQUEST"),
    "tickets": Bounded("GET", "/callback_tickets"),
    "tickets of a list": Bounded("GET", "/callback_tickets?listUuid=LIST"),
    "gaps": Bounded("GET", "/gaps?from=2020-01-01"),
}
BOUNDED = BOUNDED_WRITES | BOUNDED_READS


def test_every_route_is_tried_while_it_waits() -> None:
    tried = {(method, path) for method, path, _ in [*WRITES, *READS, *IN_STEPS]}
    tried |= {(asked.method, asked.path) for asked in BOUNDED.values()}
    tried |= {("GET", "/callback_periods")}  # all users see them
    tried |= {("GET", "/other_members")}  # waits for nothing
    named = re.compile("REQUEST|LIST")
    assert {(method, named.sub("{uuid}", path.partition("?")[0])) for method, path in tried} == {
        (route.method, route.path) for route in ROUTES
    }


async def answers(
    centre: Centre, asked: Bounded, change: Callable[[], None], when: str
) -> AsyncIterator[tuple[int, Any]]:
    """The answers where `change` comes before or after the database is asked for the nth time.

    For each n, as long as the request asks it so often.
    """
    journal = centre.journal
    journal.gate.set()
    for turn in itertools.count(1):
        centre.supervise(SUPPORT, SALES)
        token = await centre.server.token()
        changed = False

        def once(last: int = journal.asked + turn) -> None:
            nonlocal changed
            if journal.asked == last:
                changed = True
                change()

        setattr(journal, when, once)
        answer = await centre.ask(*asked, token=token)
        setattr(journal, when, lambda: None)
        if not changed:
            assert answer[0] in (200, 201, 204)
            assert turn > 1, "the database was not asked"
            return
        yield answer


@pytest.mark.parametrize("what", BOUNDED)
async def test_whose_list_is_narrowed_while_a_request_waits_is_answered_by_the_new_list(
    centre: Centre, what: str
) -> None:
    asked = BOUNDED[what]
    centre.journal.gate.set()
    centre.supervise(SALES)
    by_new_list = await centre.ask(*asked)
    async for answer in answers(centre, asked, lambda: centre.supervise(SALES), "before"):
        assert answer == by_new_list


@pytest.mark.parametrize("what", BOUNDED_READS)
async def test_what_was_read_before_a_list_was_narrowed_is_not_given_out_after_it(
    centre: Centre, what: str
) -> None:
    asked = BOUNDED_READS[what]
    centre.journal.gate.set()
    centre.supervise(SALES)
    by_new_list = await centre.ask(*asked)
    centre.supervise(SUPPORT, SALES)
    assert await centre.ask(*asked) != by_new_list
    async for answer in answers(centre, asked, lambda: centre.supervise(SALES), "after"):
        assert answer == by_new_list


@pytest.mark.parametrize("what", BOUNDED)
async def test_who_is_removed_while_a_request_waits_is_refused(centre: Centre, what: str) -> None:
    async for status, answer in answers(centre, BOUNDED[what], centre.remove, "before"):
        assert (status, answer["error"]) == (403, "InvalidToken")


@pytest.mark.parametrize("what", ["change", "delete"])
async def test_whose_agent_is_taken_away_while_a_request_waits_has_no_more_say_in_what_it_took(
    centre: Centre, tmp_path: Path, what: str
) -> None:
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    assert BRUCE.agent_id is not None
    writing.take(store, UUID(centre.request), BRUCE.agent_id, lambda _: None)
    store.close()
    centre.journal.gate.set()
    centre.supervise(SALES)
    centre.journal.before = lambda: centre.supervise(SALES, agent_id=None)
    status, answer = await centre.ask(*BOUNDED_WRITES[what])
    assert (status, answer["error"]) == (403, "NotAuthorized")
    centre.journal.before = lambda: None
    centre.supervise(SALES)
    assert (await centre.ask(*BOUNDED_WRITES[what]))[0] in (200, 204)
