"""Every command and REST route, with every kind of user and token: who is refused, and who is not.

A daemon without Asterisk answers: what a user may do fails there for other reasons, if it fails.
That what is allowed also happens is for the tests beside Asterisk.
"""

import asyncio
import itertools
import re
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt

from integration import cut
from integration.client import Client, Refused
from tests import rights_table as table
from tests.lone_xucd import LoneXucd
from tests.plugin_proofs import Proof
from tests.rest_client import RestClient
from xucd.center.callbacks import NewRequest
from xucd.cti.commands import COMMANDS
from xucd.cti.messages import MESSAGES
from xucd.store import callback_reading, callback_writing
from xucd.web.api import Api
from xucd.web.rest import Rest

LOGINS = table.LOGINS
# Where a password is asked for a token is one that is wrong, whatever the token.
BY_TOKEN = {key: route for key, route in table.OTHER_ROUTES.items() if route.place != "password"}
KINDS_OF_BAD_TOKENS = 10
# At every route, and for a link that is really opened.
BAD_TOKENS = KINDS_OF_BAD_TOKENS * (len(table.ROUTES) + len(BY_TOKEN) + 1)
_UNUSED: Any = (None, None)
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
    served = _routed(Api.app) | _routed(Rest(*_UNUSED)._resource._app)
    rest = {(method, table.PREFIX + path) for method, path in table.ROUTES}
    assert rest | table.OTHER_ROUTES.keys() == served
    assert not rest & table.OTHER_ROUTES.keys()


def test_every_message_is_cut_by_lists_or_about_its_user_or_of_a_link() -> None:
    rows = [cut.LISTS.keys(), cut.MESSAGES.keys(), cut.OWN.keys(), cut.ANSWERS, cut.OPENING]
    assert sorted(itertools.chain(*rows)) == sorted(MESSAGES)
    assert cut.NAMELESS.keys() <= cut.OWN.keys()


def _routed(app: Any) -> set[tuple[str, str]]:
    """The methods and paths that an application of Klein has."""
    return {
        (method, re.sub("<(.*?)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD"}
    }


async def test_who_may_do_what(tmp_path: Path, proof: Proof) -> None:
    wrong: list[str] = []
    for strict in (False, True):
        folder = tmp_path / f"strict-{strict}"
        folder.mkdir()
        settings = f"strict_rights = {str(strict).lower()}"
        xucd = LoneXucd(folder, center=table.CENTER, settings=settings)
        text = xucd.file.read_text()
        xucd.file.write_text(text.replace("[web]\n", "[web]\nlegacy_links = true\n"))
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
            for role in table.EVERYBODY:
                if (role == "strict") == strict:
                    wrong += await _refused_elsewhere(xucd, role)
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


async def _refused_elsewhere(xucd: LoneXucd, role: str) -> list[str]:
    """The other routes that do not let a role in as they let in everybody."""
    token = xucd.token(table.LOGINS[role])
    found = []
    for (method, path), route in table.OTHER_ROUTES.items():
        if route.place == "password" and role != "admin":
            continue  # it costs a quarter of a second
        status = await _ask(xucd, method, path, route, token)
        if status != route.good:
            found.append(f"{role}: {method} {path}: {status}")
    return found


async def _let_in_without_a_valid_token(xucd: LoneXucd, stands_for: dict[str, Any]) -> list[str]:
    """The routes, and kinds of bad tokens of an Admin, with which they do not refuse."""
    good = xucd.token("ada")
    tokens = await _bad_tokens(xucd, good)
    assert len(tokens) == KINDS_OF_BAD_TOKENS
    found = []
    for kind, token in tokens.items():
        client = RestClient(xucd.port, token)
        for (method, path), cases in table.ROUTES.items():
            place = _filled(path, cases[0], stands_for, "nobody")
            status, _ = await client.ask(method, place, cases[0].body)
            if status != (403 if token else 401):
                found.append(f"a token {kind}: {method} {path}: {status}")
        for (method, path), route in BY_TOKEN.items():
            status = await _ask(xucd, method, path, route, token)
            if status != _refusal_of(route, kind, token):
                found.append(f"a token {kind}: {method} {path}: {status}")
        try:
            link = await Client.sign_in(xucd.port, "ada", token=token or "=")
            await link.close()
            found.append(f"a token {kind} opens a link")
        except Refused as refused:
            assert refused.code == "Unreachable", kind
    # None of them has ended the sign-in that it says it is of.
    assert (await RestClient(xucd.port, good).ask("GET", "/auth/check"))[0] == 200
    return found


def _refusal_of(route: table.OtherRoute, kind: str, token: str) -> int:
    """The status that another route answers a bad token with."""
    if not token:
        return route.without
    if route.place == "" or kind in route.served:
        return route.good
    return 403


async def _ask(xucd: LoneXucd, method: str, path: str, route: table.OtherRoute, token: str) -> int:
    """The status of one request with a token where the route takes it."""
    places = {
        "query": {"token": token},
        "password": {"username": "ada", "password": token, "token": token},
    }
    query = urlencode(places.get(route.place, {}))
    request = urllib.request.Request(
        f"http://127.0.0.1:{xucd.port}{path}?{query}",
        headers={"Authorization": f"Bearer {token}"},
        method=method,
    )

    def status() -> int:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    return await asyncio.to_thread(status)


async def _bad_tokens(xucd: LoneXucd, good: str) -> dict[str, str]:
    """Tokens that say what `good` says, and do not hold, by what is wrong with them."""
    claims = jwt.decode(good, options={"verify_signature": False})
    store = xucd.store()
    secret = store.token_secret()
    store.close()

    def signed(**other: Any) -> str:
        return jwt.encode(claims | other, secret, algorithm="HS256")

    ended = signed(sid="ended")
    assert (await RestClient(xucd.port, ended).ask("POST", "/auth/logout"))[0] == 204
    of_0_1_0 = {"sub": "ada", "exp": claims["exp"], "jti": "x"}
    return {
        "none": "",
        "rubbish": "x",
        "forged": jwt.encode(claims, b"x" * 32, algorithm="HS256"),
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        # Of a sign-in of its own: one may be ended with a token whose time is up.
        "expired": signed(sid="expired", exp=1),
        "of a sign-in that is over": signed(end=1, exp=1),
        "of a sign-in that was ended": ended,
        "of another generation": signed(gen="x"),
        "of nobody": signed(sub="nobody"),
        "of 0.1.0": jwt.encode(of_0_1_0, secret, algorithm="HS256"),
    }


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
