"""A resynchronisation that fails on an open AMI connection: xucd connects anew."""

import asyncio
import contextlib

import pytest

from integration.pbx import Pbx
from integration.test_ami_link import Ami, Proxy, Watched
from xucd.ami import connection
from xucd.ami.errors import AmiError
from xucd.center.snapshot import Snapshot


class Holding(Proxy):
    """A proxy that can keep what Asterisk says to itself."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def _inward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                await self.flowing.wait()
                writer.write(data)
        writer.close()


async def test_a_look_that_is_answered_too_late_is_followed_by_a_new_connection(
    pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Holding(pbx.ami_port) as proxy:
        watched = Watched(Ami(proxy.port, pbx.ami_secret))
        watched.link.start()
        await watched.saw(Snapshot)
        begun = len(watched.reports)
        proxy.flowing.clear()
        with monkeypatch.context() as patch:
            patch.setattr(connection, "LIST_TIMEOUT", 0.1)
            with pytest.raises(AmiError):
                await watched.link.resynchronise()
        proxy.flowing.set()
        await watched.saw(Snapshot, begun)
        assert watched.link.connected
        await watched.link.close()
