"""What is not of the Agent API asks for a profile that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from integration.client import Refused
from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from xucd.app.handlers import TASKS
from xucd.cti.commands import COMMANDS

MEMBERSHIP: list[dict[str, int]] = [{"queueId": 1, "penalty": 0}]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "setAgentGroup": {"agentId": 8, "groupId": 1},
    "setUserDefaultMembership": {"userId": 1, "membership": MEMBERSHIP},
    "setUsersDefaultMembership": {"userIds": [1], "membership": MEMBERSHIP},
    "applyUsersDefaultMembership": {"userIds": [1]},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoneXucd]:
    async with LoneXucd(tmp_path_factory.mktemp("profiles")) as xucd:
        yield xucd


@pytest.mark.parametrize("command", ARGUMENTS)
async def test_a_command_beyond_the_agent_api_is_refused_without_a_profile(
    xucd: LoneXucd, command: str
) -> None:
    async with await xucd.client("bruce") as bruce:
        with pytest.raises(Refused, match="NotAuthorized"):
            await bruce.ask(command, **ARGUMENTS[command])
        assert bruce.bodies("AgentError") == [{"Error": "NotAuthorized"}]


def test_every_command_that_takes_a_profile_is_tried_here() -> None:
    assert {COMMANDS[name] for name in ARGUMENTS} == TASKS.keys()


async def test_who_has_no_profile_adds_callbacks_and_reads_them_and_changes_none(
    xucd: LoneXucd,
) -> None:
    bruce = RestClient(xucd.port, xucd.token("bruce"))
    (found,) = (await bruce.ask("GET", "/callback_lists"))[1]
    status, added = await bruce.ask(
        "POST", f"/callback_lists/{found['uuid']}/callback_requests", {"phoneNumber": "100"}
    )
    assert status == 201
    request = f"/callback_requests/{added['uuids'][0]}"
    assert (await bruce.ask("GET", request))[0] == 200
    for method, path, body in (
        ("PUT", request, {"phoneNumber": "200"}),
        ("DELETE", request, None),
        ("GET", "/callback_tickets", None),
    ):
        status, answer = await bruce.ask(method, path, body)
        assert (status, answer["error"]) == (403, "NotAuthorized")


async def test_a_supervisor_changes_the_callbacks_of_its_queues(xucd: LoneXucd) -> None:
    sue = RestClient(xucd.port, xucd.token("sue"))
    _, found = await sue.ask("GET", "/callback_requests")
    assert (await sue.ask("DELETE", f"/callback_requests/{found['list'][0]['uuid']}"))[0] == 204
    assert (await sue.ask("GET", "/callback_tickets"))[0] == 200
