"""What clients that can resume cost: 1,000 of them, 200 changes a second.

The server runs alone in its process; the clients are one process that reads and counts bytes. It is
measured: the processor's time for each second, the memory for each client, and what the log writes.
Half of the changes are states of agents, which all clients receive, and half are figures of a
queue, which a tenth of them do. With ``--plain`` the clients do not ask to resume, and with
``--memory`` the log has no files.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import selectors
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.fanout import _opened, pin
from bench.recorded import GENERATION, SECRET
from xucd.cti.streams.file import StreamFile
from xucd.cti.streams.log import KEEP_S, LIMIT, StreamLog
from xucd.signin.tokens import Tokens

CLIENTS = 1000
CHANGES = 200  # a second
SECONDS = 30
TURNS = 50  # a second, in which the changes come


def listen(core: int | None, commands: Connection) -> None:
    """The clients: open links where told, and read whatever comes."""
    pin(core)
    port, path, count = commands.recv()
    with selectors.EpollSelector() as selector:
        for _ in range(count):
            sock = _opened(port, path)
            selector.register(sock, selectors.EVENT_READ, data=sock)
        selector.register(commands, selectors.EVENT_READ)
        commands.send("open")
        buffer, received = bytearray(256 * 1024), 0
        while True:
            for key, _ in selector.select():
                if key.fileobj is commands:
                    commands.send(received)
                    return
                received += key.data.recv_into(buffer)


def serve(options: argparse.Namespace, clients: Connection) -> dict[str, Any]:
    """Measure a server of this process."""
    # Importing it installs a reactor, of which a process can have but one.
    import bench.fanout_server  # noqa: PLC0415
    from xucd.center.agent import AgentState  # noqa: PLC0415
    from xucd.cti import messages as msg  # noqa: PLC0415
    from xucd.cti.messages import QueueStatistic  # noqa: PLC0415
    from xucd.views import topics  # noqa: PLC0415

    server: Any = bench.fanout_server
    hub = server.Counting(server.LOOP, **_log(options))
    sessions: list[Any] = []

    class Application(server._Application):  # type: ignore[misc]  # an untyped base
        def rights_of(self, user: Any) -> Any:
            return server.Rights(None, None, None)

        def opened(self, session: Any) -> None:
            hub.subscribe(session, topics.EVERYBODY)
            hub.subscribe(session, (topics.AGENT_STATES, None))
            if len(sessions) % 10 == 0:
                hub.subscribe(session, (topics.QUEUE_STATS, None))
            sessions.append(session)

    site = server.make_site(
        server.SiteParts(
            links=server.Links(hub, Application(hub), server.LOOP),
            users=server._Users(),
            revocations=server.Revocations(server._SignIns(), time.time, lambda: None),
            secret=SECRET,
            health=lambda: server.Health(current=True, asterisk="", store="", last_event_age=None),
            clock=time.time,
        ),
        server.SiteOptions(connections=server.ConnectionLimits(links_by_user=server.MAX_LINKS)),
    )

    def change(number: int) -> None:
        if number % 2:
            hub.publish(
                [(topics.AGENT_STATES, None), (topics.AGENT_STATES, 1), ("own agent", number)],
                msg.AgentStateEvent(
                    name=AgentState.READY,
                    agent_id=number % 500,
                    phone_number="1001",
                    since=number % 60,
                    queues=[1, 2, 3],
                    cause="available",
                ),
            )
        else:
            figures = [msg.Counter(stat_name=name, value=number) for name in QueueStatistic]
            hub.publish(
                [(topics.QUEUE_STATS, None), (topics.QUEUE_STATS, 1)],
                msg.QueueStatistics(queue_id=number % 20, counters=figures),
            )

    async def run() -> dict[str, Any]:
        tokens = Tokens(SECRET, 3600, 43200, time.time)
        path = "/xuc/api/2.0/cti?token=" + tokens.sign(tokens.begin("bench", GENERATION))
        port = server.reactor.listenTCP(0, site, interface="127.0.0.1", backlog=1024)
        empty = _memory()
        path += "" if options.plain else "&resume=1"
        clients.send((port.getHost().port, path, options.clients))
        while not clients.poll():  # noqa: ASYNC110  # the other process says so
            await asyncio.sleep(0.01)
        clients.recv()
        opened = _memory()
        began, used, number = time.monotonic(), time.process_time(), 0
        while (now := time.monotonic() - began) < options.seconds:
            while number < now * options.changes:
                change(number)
                number += 1
            await asyncio.sleep(1 / TURNS)
        spent = time.process_time() - used
        return {
            "changes": number,
            "cpu %": round(100 * spent / options.seconds, 1),
            "bytes a client, connected": (opened - empty) // options.clients,
            "bytes a client, after": (_memory() - empty) // options.clients,
            "memory grown by": _memory() - opened,
        }

    server.reactor.startRunning(installSignalHandlers=False)
    result: dict[str, Any] = server.LOOP.run_until_complete(run())
    result["file bytes"] = sum(path.stat().st_size for path in Path(options.folder).iterdir())
    return result


def _log(options: argparse.Namespace) -> dict[str, Any]:
    if options.memory or options.plain:
        return {}
    file = StreamFile(Path(options.folder, "streams"), "boot", keep=KEEP_S, limit=2 * LIMIT)
    log = StreamLog(time.monotonic, file)
    log.load()
    return {"streams": log}


def _memory() -> int:
    """What this process has in memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    here, there = multiprocessing.Pipe()
    listener = multiprocessing.get_context("spawn").Process(
        target=listen, args=(cores[-1], there), daemon=True
    )
    listener.start()
    pin(cores[0])
    with tempfile.TemporaryDirectory() as options.folder:
        result = serve(options, here)
    here.send("stop")
    result["received, a client"] = here.recv() // options.clients
    listener.join(5)
    for name, value in result.items():
        print(f"{name:>28}: {value:,}")


if __name__ == "__main__":
    main()
