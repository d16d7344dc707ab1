"""The whole daemon on PostgreSQL, beside a real Asterisk."""

from collections.abc import Callable

import pytest

from integration.fixtures import MakeXucd
from tests.conftest import postgres_server, postgresql

pytestmark = pytest.mark.any_asterisk

__all__ = ["postgres_server", "postgresql"]  # fixtures


async def test_what_agents_did_outlives_the_daemon_on_postgresql(
    make_xucd: MakeXucd, postgresql: Callable[[str], str], asterisk_version: str
) -> None:
    xucd = await make_xucd(url=postgresql(f"daemon{asterisk_version}"))
    async with await xucd.client("bruce") as bruce, await xucd.client("ada") as ada:
        await bruce.ask("agentLogin", agentphonenumber="1004")
        await bruce.ask("pauseAgent", reason="lunch")
        await ada.ask("setAgentQueue", agentId=8, queueId=3, penalty=7)
        await ada.ask("setAgentQueue", agentId=9, queueId=2, penalty=4)
    await xucd.stop()
    await xucd.start()
    async with await xucd.client("bruce") as bruce:
        state = await bruce.until("AgentStateEvent")
        assert (state["name"], state["cause"], state["phoneNb"]) == (
            "AgentOnPause",
            "lunch",
            "1004",
        )
        assert sorted(state["queues"]) == [1, 2, 3]
        await bruce.ask("agentLogout")
    store = xucd.store()
    assert store.memberships()[8] == {1: 0, 2: 1, 3: 7}
    assert store.memberships()[9] == {1: 0, 2: 4}
    assert not store.stations()[8].logged_in
    store.close()
