"""What one would write instead: Asterisk's queue events as JSON to every page.

panoramisk hears Asterisk, `websockets` sends to the pages. Usage: panoramisk_websockets.py AMI_PORT
SECRET; it prints the port where it listens for pages.
"""

import asyncio
import json
import sys
from typing import Any

import uvloop
from panoramisk import Manager
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(ami_port: int, secret: str) -> None:
    pages: set[ServerConnection] = set()
    manager = Manager(
        loop=asyncio.get_running_loop(),
        host="127.0.0.1",
        port=ami_port,
        username="xucd",
        secret=secret,
    )

    @manager.register_event("QueueMember*")  # type: ignore[untyped-decorator]
    def forward(_: Manager, event: Any) -> None:
        broadcast(pages, json.dumps(dict(event)))

    async def page(connection: ServerConnection) -> None:
        pages.add(connection)
        try:
            await connection.wait_closed()
        finally:
            pages.discard(connection)

    await manager.connect()
    # No pings: the clients of the measurement read, and answer nothing.
    async with serve(page, "127.0.0.1", 0, ping_interval=None) as server:
        print("port", next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
