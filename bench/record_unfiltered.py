"""Records the queue call of `tests/traces/queue-call-22.ami` as it is without the event filter.

Writes `bench/queue-call-unfiltered-22.ami`, from a real Asterisk and real phones, as an account
hears it that has no filter. What is measured of ingest needs the file, which is in the repository.
"""

import asyncio
import socket
import threading

from bench.events import UNFILTERED
from integration.model.panel import Panel
from integration.pbx import Pbx
from integration.phones import Phones

PHONE, NUMBER = "1001", "3000"
MEMBER = {"Interface": f"PJSIP/{PHONE}", "MemberName": "Agent/2501"}


def main() -> None:
    """Record one call."""
    with Pbx() as pbx:
        UNFILTERED.write_bytes(asyncio.run(_recorded(pbx)))


async def _recorded(pbx: Pbx) -> bytes:
    heard = bytearray()
    link = socket.create_connection(("127.0.0.1", pbx.ami_port))
    account = f"Username: {pbx.witness_user}\r\nSecret: {pbx.witness_secret}"
    link.sendall(f"Action: Login\r\n{account}\r\n\r\n".encode())

    def read() -> None:
        while got := link.recv(65536):
            heard.extend(got)

    thread = threading.Thread(target=read, daemon=True)
    async with Phones(pbx) as phones, Panel(pbx) as panel:
        await phones.register(PHONE)
        thread.start()
        for queue in ("support", "sales"):
            await panel.ask("QueueAdd", Queue=queue, **MEMBER)
        call = phones.dial(NUMBER, "0230210082", "Élise Noël")
        leg = await phones.phone(PHONE).rings()
        leg.answer()
        await call.answered()
        await call.hang_up()
        await leg.ended()
        await panel.quiet(1.0, 10.0)
    link.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    return bytes(heard)


if __name__ == "__main__":
    main()
