"""REST routes that wait: what is held meanwhile, whose rights end before it is their turn, and
who goes on while a large body is read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.rest_client import PREFIX, RestClient
from tests.scene import Scene
from tests.test_context import Script, a_context
from tests.web_server import BRUCE, Server, serving, until
from xucd.callbacks.service import Callbacks
from xucd.center.audit import AuditEntry
from xucd.center.directory import Profile
from xucd.center.rights import rights_of
from xucd.config.plan import Plan
from xucd.store import AsyncStore, Store
from xucd.store import callback_reading as reading
from xucd.store.apply import apply
from xucd.store.audit_trail import AuditTrail
from xucd.store.journal import Journal
from xucd.web import json_steps
from xucd.web.import_slots import SLOTS_OF_USER
from xucd.web.rest import LARGE

ONE = b'[{"phoneNumber":"1"}]'
LIST = UUID("00000000-0000-4000-8000-000000000001")


class Waits:
    """Stands before the database: everything waits for `gate`, and is counted."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.trail: list[AuditEntry] = []

    async def written(self) -> None:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1

    def later(self, work: Any, *entries: AuditEntry) -> None:
        self.trail += entries


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


@contextlib.asynccontextmanager
async def site(callbacks: Any, journal: Any) -> AsyncIterator[Server]:
    trail = AuditTrail(journal, lambda: 1.0)
    parts = {"callbacks": callbacks, "audit": trail}
    parts["rights"] = lambda user: rights_of(user, strict=False)
    async with serving(parts=parts) as server:
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
    """A journal that waits before it asks the database, and does something after it was asked."""

    def __init__(self, store: AsyncStore) -> None:
        super().__init__(store)
        self.gate = asyncio.Event()
        self.asked = 0
        self.after: Callable[[], None] = lambda: None

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        await self.gate.wait()
        result = await super().run(work, *args, **kwargs)
        self.after()
        return result


class Centre:
    """A site before a real database, with an administrator, who can be demoted."""

    def __init__(self, server: Server, journal: SlowJournal, request: str) -> None:
        self.server = server
        self.journal = journal
        self.request = request
        self.promote()

    def promote(self) -> None:
        self._set_profile("Admin")

    def demote(self) -> None:
        self._set_profile(None)

    def _set_profile(self, profile: Profile | None) -> None:
        self.server.users["bruce"] = msgspec.structs.replace(BRUCE, profile=profile)

    async def ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        token = await self.server.token()
        path = path.replace("REQUEST", self.request)
        return await RestClient(self.server.port, token).ask(method, path, body)


@pytest.fixture
async def centre(tmp_path: Path, demo_plan: Plan) -> AsyncIterator[Centre]:
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    store.migrate()
    apply(store, demo_plan)
    request, *_ = reading.open_requests(store)
    ahead = AsyncStore(store)
    context = a_context(Scene(), Script())
    context.journal = journal = SlowJournal(ahead)
    callbacks = Callbacks(context)
    async with site(callbacks, journal) as server:
        yield Centre(server, journal, str(request.uuid))
    await journal.written()
    await ahead.close()


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


@pytest.mark.parametrize(("method", "path", "body"), WRITES + READS)
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
