"""Very many clients come at once, or some of them never read: all others are served whole.

How long it takes is told in the proof's note, and not asserted: it is the machine's.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from functools import partial

import pytest

from integration.client import Client
from integration.faults import crowd
from integration.faults.agreement import unlike_fresh
from integration.faults.conftest import MakeShift
from integration.faults.shift import Shift
from integration.faults.waiting import until
from integration.faults.way import Way
from integration.running import Xucd
from tests import ws_client
from tests.plugin_proofs import Proof
from xucd.client import CenterClient
from xucd.cti.messages import LoggedOn

pytestmark = [pytest.mark.timeout(0), pytest.mark.any_asterisk]
PATIENCE = 300.0  # seconds


async def test_all_who_reconnect_at_once_end_with_what_a_fresh_client_has(
    make_shift: MakeShift, proof: Proof, long_faults: bool
) -> None:
    count = 1000 if long_faults else 16
    shift = await make_shift(center=crowd.CENTER)
    xucd = shift.scene.xucd
    await shift.begin()
    await shift.calls(3)
    await shift.stand_still()
    tokens = await crowd.tokens(xucd)
    async with (
        Way(xucd.port) as way,
        crowd.crowd(way.port, tokens, count) as clients,
    ):
        resumed = await all_back(shift, clients, cut(way))
        await all_alike(shift, clients, tokens)
        anew = await all_back(shift, clients, shift.scene.kill())
        await all_alike(shift, clients, tokens)
    await shift.rest()
    proof("links cut all at once, and taken up again", times=count, note=f"{resumed:.0f} s")
    proof("links lost by a SIGKILL, all back at once", times=count, note=f"{anew:.0f} s")


async def cut(way: Way) -> None:
    way.cut()


async def all_back(shift: Shift, clients: Sequence[CenterClient], loss: Awaitable[object]) -> float:
    """Let all links be lost, and wait until each client has another; returns how long it took.

    A few things are done meanwhile.
    """
    back: set[int] = set()
    undo = [
        client.on(LoggedOn, partial(came, back, number)) for number, client in enumerate(clients)
    ]
    begun = time.monotonic()
    await loss
    shift.go_on()
    await shift.calls(1)
    await shift.stand_still()

    async def are_back() -> bool:
        return len(back) == len(clients) and all(each.state.link == "opened" for each in clients)

    await until(are_back, PATIENCE)
    for each in undo:
        each()
    return time.monotonic() - begun


def came(back: set[int], number: int, _: LoggedOn) -> None:
    back.add(number)


async def shows_the_same(client: CenterClient, fresh: CenterClient) -> bool:
    return not list(unlike_fresh("one", client.state, fresh.state))


async def all_alike(shift: Shift, clients: Sequence[CenterClient], tokens: list[str]) -> None:
    """Every client shows what one shows that has just come."""
    await shift.agree("all came back")
    async with crowd.crowd(shift.scene.xucd.port, tokens, 1) as (fresh,):
        for client in clients:
            await until(partial(shows_the_same, client, fresh), PATIENCE)


async def test_clients_that_never_read_are_closed_and_all_others_miss_nothing(
    make_shift: MakeShift, proof: Proof, long_faults: bool
) -> None:
    count, never = (1000, 10) if long_faults else (30, 1)
    shift = await make_shift(center=crowd.CENTER)
    xucd = shift.scene.xucd
    await shift.begin(callers=2)
    tokens = await crowd.tokens(xucd)
    crowd.allow_files(2 * count + 1000)
    readers = [
        await Client.sign_in(xucd.port, "", query="&resume=1", token=tokens[number % len(tokens)])
        for number in range(count - never)
    ]
    for reader in readers:
        await reader.ask("subscribeToAgentEvents")
    begun = positions(readers[-1])[-1]
    without = await latency(readers[0])
    links = await links_of(xucd)
    deaf = [await never_reads(xucd.port, tokens[number]) for number in range(never)]
    assert await links_of(xucd) == links + len(deaf)
    measured = [await latency(readers[0])]
    async with asyncio.timeout(PATIENCE):
        while await links_of(xucd) > links:
            measured.append(await latency(readers[0]))
    await shift.calls(5)
    await shift.rest()
    for client in deaf:
        client.writer.transport.abort()
    heard = []
    for reader in readers:
        await reader.ask("getAgentStates")  # all that was sent before has come with the answer
        found = positions(reader)
        assert found == sorted(set(found))
        heard.append({position for position in found if position > begun})
    # What one alone has is an answer; what two have was for all.
    for_all = {at for at, times in Counter(itertools.chain(*heard)).items() if times > 1}
    assert len(for_all) > 10
    assert all(for_all <= each for each in heard)
    assert await links_of(xucd) == links
    await asyncio.gather(*(reader.close() for reader in readers))
    with_them = max(measured, key=lambda each: each[1])
    proof(
        f"clients that never read, among {count - never} that do",
        times=never,
        lost="nothing of the others'",
        note=f"a command's answer takes {told(without)}, beside them {told(with_them)}",
    )


def positions(client: Client) -> list[int]:
    """The positions in its stream of what a client was sent."""
    return [frame.message["position"] for frame in client.frames if "position" in frame.message]


async def never_reads(port: int, token: str) -> ws_client.Client:
    """A client that asks for very much, and reads nothing of it."""
    path = f"/xuc/api/2.0/cti?token={token}"
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
    streams = await asyncio.open_connection(sock=narrow, limit=1024)
    client = await ws_client.Client.upgrade(*streams, path)
    for number in range(ASKED):
        client.say(json.dumps({"claz": "web", "command": "getAgentDirectory", "requestId": number}))
    return client


ASKED = 12_000  # commands: their answers, some 8 MB, are more than all buffers on the way hold


async def links_of(xucd: Xucd) -> int:
    """How many links xucd has."""
    return int((await asyncio.to_thread(xucd.metrics))["xucd_links"])


async def latency(client: Client) -> tuple[float, float]:
    """How long a command's answer takes, in milliseconds: the median of many, and the longest."""
    took = []
    for _ in range(100):
        begun = time.perf_counter()
        await client.ask("getAgentStates")
        took.append(1000 * (time.perf_counter() - begun))
    return statistics.median(took), max(took)


def told(measured: tuple[float, float]) -> str:
    return f"{measured[0]:.1f} ms (at most {measured[1]:.0f} ms)"
