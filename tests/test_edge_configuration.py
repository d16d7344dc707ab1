"""A configuration that is changed at one place reaches owner and edge without a signal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from integration.client import Client, http, token_of
from integration.nats import Nats
from integration.running import DEMO
from tests.edged_lone import LoneEdgedXucd


@pytest_asyncio.fixture(loop_scope="session")
async def xucd(
    postgresql: Callable[[str], str], request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[LoneEdgedXucd]:
    with Nats() as nats:
        name = f"following{abs(hash(request.node.name))}"
        async with LoneEdgedXucd(tmp_path, postgresql(name), nats) as xucd:
            yield xucd


async def until_it_says(log: Path, what: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if what in await asyncio.to_thread(log.read_text):
                return
            await asyncio.sleep(0.05)  # a log tells nobody


async def until_it_is_served(port: int, path: str, body: object) -> None:
    async with asyncio.timeout(30):
        while True:
            status, _ = await asyncio.to_thread(http, port, path, body)
            if status == 200:
                return
            await asyncio.sleep(0.05)  # over HTTP there is nothing to wait on


async def test_what_is_applied_reaches_owner_and_edge_without_a_signal(
    xucd: LoneEdgedXucd,
) -> None:
    sue = await xucd.client("sue")
    text, changed = DEMO.read_text(), xucd.folder / "changed.toml"
    assert 'lastName = "Pervisor"' in text
    changed.write_text(text.replace('lastName = "Pervisor"', 'lastName = "Wiser"'))
    await xucd.command("center", "apply", str(changed))
    assert await sue.closed() == (1012, "configuration changed")
    # Before that, the one that is first turns pages away from the other.
    for log in (xucd.log, xucd.edge.log):
        await until_it_says(log, "configuration reloaded")
    again = await xucd.client("sue")
    assert (await again.until("UserConfigUpdate"))["fullName"] == "Sue Wiser"


async def test_a_user_who_is_imported_at_the_owner_signs_in_at_the_edge(
    xucd: LoneEdgedXucd,
) -> None:
    ada = await xucd.rest("ada")
    ada.port = xucd.owner_port
    new = {"login": "max", "firstName": "Max", "lastName": "Roe", "password": "max-demo-max"}
    assert (await ada.ask("POST", "/users/import", new))[0] == 200
    await until_it_is_served(
        xucd.port, "/xuc/api/2.0/auth/login", {"login": "max", "password": "max-demo-max"}
    )


async def test_what_clients_of_an_edge_have_missed_of_a_person_goes_when_it_is_erased(
    xucd: LoneEdgedXucd,
) -> None:
    await until_it_says(xucd.edge.log, "the PBX's owner is there")
    ada = await xucd.rest("ada")
    token = await token_of(xucd.port, "ada")
    page = await Client.sign_in(xucd.port, "ada", query="&resume=1", token=token)
    stream = (await page.until("LoggedOn"))["stream"]
    await page.ask("getCallbackLists")
    position = page.frames[-1].message["position"]
    page.cut()
    await page.closed()
    (one,) = (await ada.ask("GET", "/callback_lists"))[1]
    path = f"/callback_lists/{one['uuid']}/callback_requests"
    assert (await ada.ask("POST", path, {"phoneNumber": "0301234567"}))[0] == 201
    query = f"&resume=1&epoch={stream['epoch']}&position={position}"
    again = await Client.sign_in(xucd.port, "ada", query=query, token=token)
    assert (await again.until("LoggedOn"))["recovered"] is True
    await again.until("CallbackRequestUpdated")
    again.cut()
    await again.closed()
    assert (await ada.ask("POST", "/persons/erase", {"number": "0301234567"}))[0] == 200
    await until_it_says(xucd.edge.log, "a person's data were erased")
    late = await Client.sign_in(xucd.port, "ada", query=query, token=token)
    assert (await late.until("LoggedOn"))["recovered"] is False
    await late.close()


async def test_a_token_of_a_new_user_is_good_at_the_other_node_at_once(
    xucd: LoneEdgedXucd,
) -> None:
    ada = await xucd.rest("ada")
    ada.port = xucd.owner_port
    new = {"login": "max", "firstName": "Max", "lastName": "Roe", "password": "max-demo-max"}
    assert (await ada.ask("POST", "/users/import", new))[0] == 200
    token = await token_of(xucd.owner_port, "max", "max-demo-max")
    bearer = {"Authorization": f"Bearer {token}"}
    path = "/xuc/api/2.0/auth/check"
    assert (await asyncio.to_thread(http, xucd.port, path, None, bearer))[0] == 200
