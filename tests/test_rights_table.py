"""Every command, with every kind of user: who is told `NotAuthorized`, and nobody else is.

A daemon without Asterisk answers: what a user may do fails there for other reasons, if it fails.
That what is allowed also happens is for the tests beside Asterisk.
"""

import asyncio
import time
import uuid
from pathlib import Path
from typing import Any

from integration.client import Client, Refused
from tests import rights_table as table
from tests.lone_xucd import LoneXucd
from xucd.cti.commands import COMMANDS
from xucd.store import callback_reading, callback_writing

REFUSALS = {"NotAuthorized", "AgentUnknown"}
"""The second is told to who has no agent and asks for its own: all others name one that exists."""


def test_every_command_has_a_row() -> None:
    assert table.COMMANDS.keys() == COMMANDS.keys()


def test_every_role_but_an_admin_is_refused_something_that_others_may() -> None:
    cases = [case for cases in table.COMMANDS.values() for case in cases]
    admins = [case for case in cases if "own" not in case.about]
    assert all("admin" in case.may for case in admins)
    for role in ("lists", "empty", "strict"):
        assert any(role not in case.may for case in admins), role


async def test_who_may_command_what(tmp_path: Path) -> None:
    wrong: list[str] = []
    for strict in (False, True):
        folder = tmp_path / f"strict-{strict}"
        folder.mkdir()
        settings = f"strict_rights = {str(strict).lower()}"
        xucd = LoneXucd(folder, center=table.CENTER, settings=settings)
        await xucd.prepare()
        await xucd.start()
        try:
            stands_for = await asyncio.to_thread(_stands_for, xucd)
            for role in table.EVERYBODY:
                if (role == "strict") == strict:
                    wrong += await _differences(xucd, role, stands_for)
        finally:
            await xucd.stop()
    assert wrong == []


async def _differences(xucd: LoneXucd, role: str, stands_for: dict[str, Any]) -> list[str]:
    """The rows of the table that do not hold for a role."""
    found = []
    async with await xucd.client(table.LOGINS[role]) as client:
        for command, cases in table.COMMANDS.items():
            for case in cases:
                arguments = {
                    key: _put_in(value, stands_for) for key, value in case.arguments.items()
                }
                code = await _refusal(client, command, arguments)
                if (code in REFUSALS) == (role in case.may):
                    found.append(f"{role}: {command}, {case.about}: {code}")
    return found


async def _refusal(client: Client, command: str, arguments: dict[str, Any]) -> str | None:
    try:
        await client.ask(command, **arguments)
    except Refused as refused:
        # Otherwise the case was none: it says nothing about rights.
        assert refused.code not in ("InvalidArgument", "UnknownCommand"), (command, arguments)
        return refused.code
    return None


def _put_in(value: Any, stands_for: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_put_in(item, stands_for) for item in value]
    return stands_for.get(value, value) if isinstance(value, str) else value


def _stands_for(xucd: LoneXucd) -> dict[str, Any]:
    """What the names in the table stand for: ids of users, requests, tickets and messages."""
    store = xucd.store()
    users = store.directory().user_by_login
    lists = {row.queue_id: row for row in callback_reading.lists(store, None)}
    requests = callback_reading.open_requests(store, None)
    found: dict[str, Any] = {
        table.ALICE_USER: users["alice"].id,
        table.MARICE_USER: users["marice"].id,
    }
    for queue_id, kind in ((table.SUPPORT, "listed"), (table.BILLING, "foreign")):
        request = next(r for r in requests if r.list_uuid == lists[queue_id].uuid)
        ticket = callback_writing.NewTicket(
            uuid=uuid.uuid4(),
            request_uuid=request.uuid,
            agent_id=None,
            phone_number="100",
            started=time.time(),
        )
        callback_writing.create_ticket(store, ticket, lambda _: None)
        callback_writing.record_ended(store, ticket.uuid, time.time(), None, None)
        found |= {
            f"request {kind}": str(request.uuid),
            f"message {kind}": str(request.uuid),
            f"ticket {kind}": str(ticket.uuid),
        }
    store.close()
    return found
