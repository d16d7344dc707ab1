"""REST at an edge: the owner does what is asked for, and the edge's clients see no difference."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from integration.nats import Nats
from tests.edged_lone import LoneEdgedXucd
from tests.rest_client import PREFIX, RestClient
from xucd.center.audit import Kind
from xucd.store import audit
from xucd.store.audit import AuditSearch

CSV = "text/csv"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LoneEdgedXucd]:
    create: Callable[[str], str] = request.getfixturevalue("postgresql")
    with Nats() as nats:
        folder = tmp_path_factory.mktemp("edge")
        async with LoneEdgedXucd(folder, create("edge_rest"), nats) as xucd:
            ada = await xucd.rest("ada")
            await until_served(ada)
            yield xucd


async def until_served(client: RestClient) -> None:
    """Wait until the edge has an owner; without Asterisk it is not current, and does not say so."""
    async with asyncio.timeout(30):
        while True:
            status, _ = await client.ask("GET", "/callback_lists")
            if status == 200:
                return
            await asyncio.sleep(0.05)  # over HTTP there is nothing to wait on


async def requests_of(client: RestClient) -> str:
    _, lists = await client.ask("GET", "/callback_lists")
    return f"/callback_lists/{lists[0]['uuid']}/callback_requests"


async def test_callbacks_are_imported_and_found_at_an_edge(xucd: LoneEdgedXucd) -> None:
    sue = await xucd.rest("sue")
    where = await requests_of(sue)
    file = "phoneNumber|lastName\n0230218001|Zoé\n0230218002|O'Hara\n"
    status, answer = await sue.ask("POST", where, file, CSV)
    assert (status, answer["created"]) == (201, 2)
    status, found = await sue.ask("GET", "/callback_requests?filter=phoneNumber%3D0230218001")
    assert status == 200, found
    assert [each["lastName"] for each in found["list"]] == ["Zoé"]


async def test_files_as_large_as_may_be_are_imported_at_an_edge(xucd: LoneEdgedXucd) -> None:
    sue = await xucd.rest("sue")
    where = await requests_of(sue)
    line = "023021%04d|" + "x" * 900
    lines = ["phoneNumber|description", *(line % number for number in range(9000))]
    file = "\n".join(lines)
    asked = (sue.ask("POST", where, file, CSV), sue.ask("POST", where, file, CSV))
    for status, answer in await asyncio.gather(*asked):
        assert (status, answer["created"]) == (201, 9000)


async def test_errors_of_the_owner_are_those_of_the_edge(xucd: LoneEdgedXucd) -> None:
    sue = await xucd.rest("sue")
    status, answer = await sue.ask("POST", await requests_of(sue), "phoneNumber\nnone\n", CSV)
    assert (status, answer["error"], answer["lines"][0]["line"]) == (422, "LinesInvalid", 2)
    assert (await sue.ask("GET", "/callback_lists/none"))[0] == 400
    assert (await sue.ask("GET", "/callback_requests?no=such"))[1]["error"] == "InvalidQuery"
    status, headers, _ = await sue.whole("PATCH", "/callback_lists")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


async def test_the_owner_judges_who_may(xucd: LoneEdgedXucd) -> None:
    sue = await xucd.rest("sue")
    assert (await sue.ask("GET", "/audit"))[1]["error"] == "NotAuthorized"
    # Before the body is read, too.
    status, answer = await sue.ask("POST", "/users/import", "login\nzoe\n", CSV)
    assert (status, answer["error"]) == (403, "NotAuthorized")


async def test_without_a_token_or_after_a_logout_the_edge_serves_nothing(
    xucd: LoneEdgedXucd,
) -> None:
    status, headers, _ = await RestClient(xucd.port, "").whole("GET", "/callback_lists")
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    sue = await xucd.rest("sue")
    assert (await sue.ask("POST", "/auth/logout"))[0] == 204
    assert (await sue.ask("GET", "/callback_lists"))[0] == 403


async def test_the_audit_trail_has_the_user_of_the_edge_and_its_address(
    xucd: LoneEdgedXucd,
) -> None:
    ada = await xucd.rest("ada")

    def ask() -> int:
        connection = http.client.HTTPConnection(
            "127.0.0.1", xucd.port, timeout=30, source_address=("127.0.0.9", 0)
        )
        headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": "application/json"}
        body = json.dumps([{"login": "zoe", "firstName": "Zoé", "lastName": "Park"}])
        connection.request("POST", f"{PREFIX}/users/import", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert await asyncio.to_thread(ask) == 200
    store = xucd.store()
    found = await asyncio.to_thread(audit.read, store, AuditSearch(limit=1000))
    store.close()
    (entry,) = [
        each.entry
        for each in found
        if each.entry.kind == Kind.CONFIGURE and each.entry.actor.login == "ada"
    ]
    assert entry.actor.address == "127.0.0.9"
    assert entry.actor.session


async def test_a_long_answer_arrives_whole(xucd: LoneEdgedXucd) -> None:
    ada = await xucd.rest("ada")
    _, headers, document = await ada.whole("GET", "/openapi.json")
    assert headers["content-type"] == "application/json"
    assert json.loads(document)["openapi"].startswith("3.1")


async def test_while_the_owner_is_away_requests_are_refused_and_served_once_it_is_back(
    xucd: LoneEdgedXucd,
) -> None:
    ada = await xucd.rest("ada")
    await xucd.stop_owner()
    status, answer = await ada.ask("GET", "/callback_lists")
    assert (status, answer["error"]) == (503, "PbxUnavailable")
    await xucd.start()
    await until_served(ada)
