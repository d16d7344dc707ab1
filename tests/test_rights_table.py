"""Every command and REST route, with every kind of user and token: who is refused, and who is not.

A daemon without Asterisk answers: what a user may do fails there for other reasons, if it fails.
That what is allowed also happens is for the tests beside Asterisk.
"""

import asyncio
import itertools
import time
import uuid
from pathlib import Path
from typing import Any

import jwt

from integration.client import Client, Refused
from tests import rights_table as table
from tests.lone_xucd import LoneXucd
from tests.plugin_proofs import Proof
from tests.rest_client import RestClient
from xucd.center.callbacks import NewRequest
from xucd.cti.commands import COMMANDS
from xucd.store import callback_reading, callback_writing
from xucd.web.rest_routes import ROUTES

LOGINS = table.LOGINS
BAD_TOKENS = 10 * (len(ROUTES) + 1)
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


def test_every_route_has_a_row() -> None:
    assert table.ROUTES.keys() == {(route.method, route.path) for route in ROUTES}


async def test_who_may_do_what(tmp_path: Path, proof: Proof) -> None:
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
                    wrong += await _rest_differences(xucd, role, stands_for)
            if not strict:
                wrong += await _let_in_without_a_valid_token(xucd, stands_for)
        finally:
            await xucd.stop()
    assert wrong == []
    cases: list[table.Case | table.RestCase] = [
        *itertools.chain(*table.COMMANDS.values()),
        *itertools.chain(*table.ROUTES.values()),
    ]
    refused = sum(role not in case.may for case in cases for role in LOGINS)
    proof("commands and requests beyond the rights of who asks", times=refused)
    proof("forged, expired, ended and foreign tokens, at every route and link", times=BAD_TOKENS)


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


async def _rest_differences(xucd: LoneXucd, role: str, stands_for: dict[str, Any]) -> list[str]:
    """The rows of the table of routes that do not hold for a role."""
    found = []
    client = RestClient(xucd.port, xucd.token(table.LOGINS[role]))
    for (method, path), cases in table.ROUTES.items():
        for case in cases:
            status, answer = await client.ask(
                method, _filled(path, case, stands_for, role), case.body
            )
            # Otherwise the case was none: it says nothing about rights.
            assert status not in (400, 401, 405, 413, 415, 422, 500), (method, path, answer)
            if (status in (403, 404)) == (role in case.may):
                found.append(f"{role}: {method} {path}, {case.about}: {status}")
    return found


async def _let_in_without_a_valid_token(xucd: LoneXucd, stands_for: dict[str, Any]) -> list[str]:
    """The routes, and kinds of bad tokens of an Admin, with which they do not refuse."""
    good = xucd.token("ada")
    claims = jwt.decode(good, options={"verify_signature": False})
    store = xucd.store()
    secret = store.token_secret()
    ended = jwt.encode({**claims, "sid": "ended"}, secret, algorithm="HS256")
    store.close()
    assert (await RestClient(xucd.port, ended).ask("POST", "/auth/logout"))[0] == 204
    tokens = {
        "none": ("", 401),
        "rubbish": ("x", 403),
        "forged": (jwt.encode(claims, b"x" * 32, algorithm="HS256"), 403),
        "unsigned": (jwt.encode(claims, "", algorithm="none"), 403),
        "expired": (jwt.encode({**claims, "exp": 1}, secret, algorithm="HS256"), 403),
        "of a sign-in that is over": (
            jwt.encode({**claims, "end": 1, "exp": 1}, secret, algorithm="HS256"),
            403,
        ),
        "of a sign-in that was ended": (ended, 403),
        "of another generation": (
            jwt.encode({**claims, "gen": "x"}, secret, algorithm="HS256"),
            403,
        ),
        "of nobody": (jwt.encode({**claims, "sub": "nobody"}, secret, algorithm="HS256"), 403),
        "of 0.1.0": (
            jwt.encode({"sub": "ada", "exp": claims["exp"], "jti": "x"}, secret, algorithm="HS256"),
            403,
        ),
    }
    found = []
    assert len(tokens) * (len(ROUTES) + 1) == BAD_TOKENS
    for kind, (token, wanted) in tokens.items():
        client = RestClient(xucd.port, token)
        for (method, path), cases in table.ROUTES.items():
            place = _filled(path, cases[0], stands_for, "nobody")
            status, _ = await client.ask(method, place, cases[0].body)
            if status != wanted:
                found.append(f"a token {kind}: {method} {path}: {status}")
        try:
            link = await Client.sign_in(xucd.port, "ada", token=token or "=")
            await link.close()
            found.append(f"a token {kind} opens a link")
        except Refused as refused:
            assert refused.code == "Unreachable", kind
    return found


def _filled(path: str, case: table.RestCase, stands_for: dict[str, Any], role: str) -> str:
    """A path with its parts; those that a role has of its own are made for it."""
    parts = {
        key: stands_for.get(f"{value} {role}", stands_for.get(value, str(uuid.uuid4())))
        for key, value in case.parts.items()
    }
    return path.format(**parts)


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
            f"list {kind}": str(lists[queue_id].uuid),
        }
        for role in table.EVERYBODY:
            new = NewRequest(phone_number="0230210088")
            (made,) = callback_writing.create(
                store, lists[queue_id].uuid, [new], lambda *_: None, now=time.time()
            )
            found[f"doomed {kind} {role}"] = str(made.uuid)
    store.close()
    return found
