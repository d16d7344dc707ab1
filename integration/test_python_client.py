"""The Python client: commands, live state, a link that is cut, a token that expires."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import jsonschema
import pytest
import pytest_asyncio

from integration.client import http
from integration.fixtures import World
from integration.pages.wire import Wire
from integration.test_ami_link import Proxy
from xucd.client import CenterClient, Refused, connect
from xucd.cti import messages as msg

pytestmark = pytest.mark.any_asterisk

pytestmark = pytest.mark.any_asterisk

ROOT = Path(__file__).parents[1]
DEADLINE = 60.0
ELSEWHERE = 8  # seconds within which a client is at another address
TTL = 8  # seconds that a token is good for, where that is looked at


async def client(world: World, login: str, port: int | None = None) -> CenterClient:
    """A client of one of the demo's users; close it."""
    return await connect(f"http://127.0.0.1:{port or world.xucd.port}", login, f"{login}-demo")


@pytest_asyncio.fixture(loop_scope="session")
async def way(world: World) -> AsyncIterator[Proxy]:
    """A way to xucd that can be cut."""
    async with Proxy(world.xucd.port) as proxy:
        yield proxy


def test_it_needs_nothing_of_xucd_but_the_structs_of_the_wire() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, xucd.client; print(*sorted(sys.modules))"],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout.split()
    ours = {name for name in said if name.startswith("xucd.")}
    others = {name for name in ours if not name.startswith(("xucd.client", "xucd.cti"))}
    assert others == {
        "xucd.center",
        "xucd.center.agent",
        "xucd.center.callee",
        "xucd.center.grammar",
    }
    beyond = {name.split(".")[2] for name in ours if name.startswith("xucd.cti.")}
    assert beyond == {"commands", "messages", "parts"}
    assert {"twisted", "autobahn", "sqlalchemy"}.isdisjoint(said)


async def test_a_wrong_password_and_an_absent_xucd_are_told(world: World) -> None:
    with pytest.raises(Refused) as refusal:
        await connect(f"http://127.0.0.1:{world.xucd.port}", "bruce", "x")
    assert (refusal.value.code, refusal.value.final) == ("InvalidCredentials", True)
    with pytest.raises(Refused) as refusal:
        await connect("http://127.0.0.1:1", "bruce", "x")
    assert (refusal.value.code, refusal.value.final) == ("Unreachable", False)


async def test_commands_return_when_they_are_done_and_raise_when_they_are_refused(
    world: World,
) -> None:
    async with await client(world, "bruce") as bruce:
        state = bruce.state
        assert state.user is not None and state.line is not None
        assert (state.user.full_name, state.line.phone_number) == ("Bruce Wail", "1001")
        await bruce.log_in_agent(phone_number="1001")
        assert _shown(bruce) == "AgentReady"
        await bruce.pause_agent(reason="lunch")
        assert _shown(bruce) == "AgentOnPause"
        assert bruce.state.user_status == "lunch"
        with pytest.raises(Refused) as refusal:
            await bruce.log_in_agent(phone_number="1002")
        assert refusal.value.code == "LoggedInOnAnotherPhone"
        assert refusal.value.detail == {"phoneNb": "1001", "RequestedNb": "1002"}
        with pytest.raises(Refused) as refusal:
            await bruce.set_agent_queue(queue_id=99, penalty=0)
        assert (refusal.value.code, refusal.value.detail) == ("QueueUnknown", {})
        await bruce.log_out_agent()
        assert _shown(bruce) == "AgentLoggedOut"
    with pytest.raises(Refused) as refusal:
        await bruce.pause_agent()
    assert refusal.value.code == "Closed"


async def test_queries_return_their_answers_many_at_a_time(world: World) -> None:
    async with await client(world, "ada") as ada:
        queues, support, sales, directory = await asyncio.gather(
            ada.get_list(object_type="queue"),
            ada.get_queue_statistics(queue_id=1, window=60, xqos=20),
            ada.get_queue_statistics(queue_id=2, window=60, xqos=30),
            ada.get_agent_directory(),
        )
        assert {queue.name for queue in queues.items} == {"billing", "sales", "support"}
        assert (support.queue_id, sales.queue_id) == (1, 2)
        assert {one.agent.id for one in directory.directory} >= {8, 9, 10}


async def test_what_is_watched_is_live(world: World) -> None:
    async with await client(world, "ada") as ada, await client(world, "bruce") as bruce:
        await ada.watch("agents", "queues", "queueCalls", "statistics", "memberships")
        agent = ada.state.agents[8]
        assert (agent.first_name, agent.number, agent.queues) == ("Bruce", "2501", {1: 0, 2: 1})
        assert ada.state.queues[1].statistics[msg.QueueStatistic.WAITING_CALLS] == 0
        assert ada.state.memberships[1] == {1: 0, 2: 1}
        coming = ada.events(msg.AgentStateEvent)
        ready = asyncio.create_task(ada.until(msg.AgentStateEvent, lambda e: e.agent_id == 8))
        await bruce.log_in_agent(phone_number="1001")
        assert (await ready).name == "AgentReady"
        await bruce.set_agent_queue(queue_id=3, penalty=4)
        await bruce.remove_agent_from_queue(queue_id=3)
        await bruce.pause_agent(reason="lunch")
        names: list[str] = []
        async with asyncio.timeout(DEADLINE):
            async for event in coming:
                assert isinstance(event, msg.AgentStateEvent)
                if not names or names[-1] != event.name:
                    names.append(event.name)
                if event.name == "AgentOnPause":
                    break
        assert names == ["AgentReady", "AgentOnPause"]
        assert agent.queues == {1: 0, 2: 1}
        await bruce.log_out_agent()


async def test_a_handler_that_raises_is_logged_and_stays(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    calls = []

    def wrong(body: msg.AgentList) -> None:
        calls.append(len(body.items))
        raise ZeroDivisionError("a mistake of a program's")

    async with await client(world, "ada") as ada:
        off = ada.on(msg.AgentList, wrong)
        for _ in range(2):
            await ada.get_config(object_type="agent")
        off()
        await ada.get_config(object_type="agent")
    assert len(calls) == 2
    ours = [record for record in caplog.records if record.name.startswith("xucd.client")]
    assert [record.message for record in ours] == ["a handler of AgentList failed"] * 2


async def test_callbacks_are_live(world: World) -> None:
    async with await client(world, "ada") as ada, await client(world, "bruce") as bruce:
        await asyncio.gather(ada.watch("callbacks"), bruce.watch("callbacks"))
        uuid = next(iter(ada.state.callbacks))
        await bruce.log_in_agent(phone_number="1001")
        taken = asyncio.create_task(ada.until(msg.CallbackTaken))
        await bruce.take_callback(uuid=uuid)
        assert (await taken).uuid == uuid
        assert ada.state.callbacks[uuid].agent_id == 8
        released = asyncio.create_task(ada.until(msg.CallbackReleased))
        await bruce.release_callback(uuid=uuid)
        await released
        assert ada.state.callbacks[uuid].agent_id is None
        await bruce.log_out_agent()


async def test_a_call_is_in_the_state_until_it_ends(world: World) -> None:
    for number in ("1001", "1002"):
        world.phone(number, answer_after=0.1)
    async with await client(world, "bruce") as bruce:
        talking = asyncio.create_task(
            bruce.until(
                msg.PhoneEvent,
                lambda e: e.event_type == "EventEstablished" and e.other_number == "1002",
            )
        )
        await bruce.dial(destination="1002", variables={"ticket": "T-17"})
        event = await talking
        assert event.user_data["USR_ticket"] == "T-17"
        assert bruce.state.calls[event.unique_id].event == event
        released = asyncio.create_task(
            bruce.until(msg.PhoneEvent, lambda e: e.event_type == "EventReleased")
        )
        await bruce.hangup()
        await released
        assert bruce.state.calls == {}


async def test_what_happened_while_it_was_away_is_told_when_it_is_back(
    world: World, way: Proxy
) -> None:
    async with await client(world, "ada", way.port) as ada, await client(world, "bruce") as bruce:
        await bruce.log_in_agent(phone_number="1001")
        await ada.watch("agents")
        hello = asyncio.create_task(ada.until(msg.LoggedOn))
        coming = ada.events(msg.AgentStateEvent)
        way.cut()
        for reason in ("lunch", "coffee", "training"):
            await bruce.pause_agent(reason=reason)
        assert (await hello).recovered is True
        causes: list[object] = []
        async with asyncio.timeout(DEADLINE):
            async for event in coming:
                assert isinstance(event, msg.AgentStateEvent)
                # Back before the last of them, she is told the present one again.
                if event.name == "AgentOnPause" and event.cause not in causes[-1:]:
                    causes.append(event.cause)
                if event.cause == "training":
                    break
        assert causes == ["lunch", "coffee", "training"]
        await ada.opened()
        assert ada.state.link == "opened"
        await bruce.log_out_agent()


async def test_a_xucd_that_was_killed_is_found_again_and_goes_on(world: World) -> None:
    async with await client(world, "ada") as ada, await client(world, "bruce") as bruce:
        await bruce.log_in_agent(phone_number="1001")
        await ada.watch("agents", "queues", "queueCalls")
        hello = asyncio.create_task(ada.until(msg.LoggedOn, within=30))
        await world.xucd.stop(signal.SIGKILL)
        asked = asyncio.create_task(ada.pause_agent(agent_id=8))
        await world.xucd.start()
        assert (await hello).recovered is True
        with pytest.raises(Refused) as refusal:
            await asked
        assert refusal.value.code == "Disconnected"
        await asyncio.gather(ada.opened(), bruce.opened())
        paused = asyncio.create_task(
            ada.until(msg.AgentStateEvent, lambda e: e.name == "AgentOnPause")
        )
        await bruce.pause_agent(reason="lunch")
        assert (await paused).cause == "lunch"
        await bruce.log_out_agent()


@pytest.mark.parametrize("how", [Wire.cut, Wire.silence])
async def test_a_client_of_several_addresses_goes_to_the_next(
    world: World, how: Callable[[Wire], None]
) -> None:
    async with Wire(world.xucd.port) as first, await client(world, "bruce") as bruce:
        await bruce.log_in_agent(phone_number="1001")
        addresses = [f"http://127.0.0.1:{port}" for port in (first.port, world.xucd.port)]
        async with await connect(addresses, "ada", "ada-demo") as ada:
            await ada.watch("agents", "queues", "queueCalls")
            hello = asyncio.create_task(ada.until(msg.LoggedOn, within=ELSEWHERE))
            how(first)
            asked = asyncio.create_task(ada.pause_agent(agent_id=8, reason="lunch"))
            await hello
            with pytest.raises(Refused) as refusal:
                await asked
            assert refusal.value.code == "Disconnected"
            await ada.opened()
            assert _shown(ada) == "AgentReady"
            paused = asyncio.create_task(
                ada.until(msg.AgentStateEvent, lambda event: event.name == "AgentOnPause")
            )
            await bruce.pause_agent(reason="coffee")
            assert (await paused).cause == "coffee"
            await ada.unpause_agent(agent_id=8)
        await bruce.log_out_agent()


async def test_the_program_in_the_documents_runs(world: World) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    program = program.replace("127.0.0.1:8090", f"127.0.0.1:{world.xucd.port}")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 0, said.decode()
    assert said.decode().splitlines()[-2:] == [
        "Bruce AgentOnPause",
        "LoggedInOnAnotherPhone 1001",
    ]


async def test_every_frame_is_what_the_asyncapi_document_says(world: World) -> None:
    for number in ("1001", "1002"):
        world.phone(number, answer_after=0.1)
    _, document = await asyncio.to_thread(http, world.xucd.port, "/xuc/api/2.0/asyncapi.json")
    bruce, ada = await world.client("bruce", "&resume=1"), await world.client("ada")
    for kind in ("agent", "agentgroup", "queue", "queuemember", "basequeuemember"):
        await ada.ask("getList", objectType=kind)
    for command in ("subscribeToAgentEvents", "subscribeToAgentStats", "subscribeToQueueStats"):
        await ada.ask(command)
    await ada.ask("subscribeToQueueCalls", queueId=2)
    await ada.ask("getAgentDirectory")
    await ada.ask("subscribeToPhoneHints", phoneNumbers=["1001"])
    await bruce.ask("getConfig", objectType="line")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    with pytest.raises(Refused):
        await bruce.ask("agentLogin", agentphonenumber="9999")
    call = world.phones.dial("3001")
    await call.answered()
    await bruce.until("PhoneEvent", eventType="EventEstablished")
    await bruce.ask("getCurrentCallsPhoneEvents")
    await call.hang_up()
    await bruce.until("PhoneEvent", eventType="EventReleased")
    await bruce.tell("nonsense")
    await bruce.until("Error")
    seen = set()
    for frame in [*bruce.frames, *ada.frames]:
        seen.add(frame.type)
        payload = {**document, "$ref": f"#/components/messages/{frame.type}/payload"}
        jsonschema.Draft7Validator(payload).validate(frame.message)
    assert len(seen) > 20


class TestTokens:
    """Of tokens that do not last."""

    @pytest.fixture(autouse=True)
    def short_lived(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XUCD_WEB_TOKEN_TTL", str(TTL))

    async def test_a_token_is_renewed_in_time(self, world: World, way: Proxy) -> None:
        async with await client(world, "ada", way.port) as ada:
            first = ada.token
            async with asyncio.timeout(DEADLINE):
                while ada.token == first or await _is_good(world, first):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)  # only time takes a token away
            url = f"http://127.0.0.1:{way.port}"
            async with await connect(url, token=ada.token) as other:
                assert other.state.user == ada.state.user


async def _is_good(world: World, token: str) -> bool:
    try:
        async with await connect(f"http://127.0.0.1:{world.xucd.port}", token=token):
            return True
    except Refused as refused:
        assert refused.code == "TokenExpired"
        return False


def _shown(center: CenterClient) -> str:
    state = center.state.agents[8].state
    assert state is not None
    return state.name
