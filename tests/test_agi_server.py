"""The FastAGI server over real sockets: what Asterisk says, and what others may try."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from twisted.internet import reactor as twisted_reactor

from xucd.agi import sheet, variables
from xucd.agi.call_variables import CallVariables
from xucd.agi.conversation import AgiDeadlines
from xucd.agi.server import AgiServer
from xucd.app.assembly import Assembly
from xucd.app.front import CannotListen
from xucd.center.changes import SheetField
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.config.settings import Agi, Settings, StorePlace, Web

reactor: Any = twisted_reactor

HEAD = (
    "agi_network: yes\nagi_network_script: {script}\nagi_request: agi://127.0.0.1/{script}\n"
    "agi_channel: PJSIP/trunk-00000001\nagi_uniqueid: 1700000000.1\nagi_callerid: 0230210082\n"
    "agi_calleridname: Élise\nagi_dnid: unknown\n{arguments}\n"
)


class Asterisk:
    """Asterisk's side of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int, script: str = "", *arguments: str) -> Asterisk:
        asterisk = cls(*await asyncio.open_connection("127.0.0.1", port))
        if script:
            words = "".join(f"agi_arg_{n}: {word}\n" for n, word in enumerate(arguments, 1))
            asterisk.say(HEAD.format(script=script, arguments=words))
        return asterisk

    def say(self, text: str | bytes) -> None:
        self.writer.write(text if isinstance(text, bytes) else text.encode())

    async def hears(self) -> str:
        return (await asyncio.wait_for(self.reader.readline(), 30)).decode().rstrip("\n")

    async def is_left(self) -> bool:
        """Wait until the server has closed, saying nothing more."""
        try:
            return await asyncio.wait_for(self.reader.read(), 30) == b""
        except ConnectionError:
            return True
        finally:
            self.writer.close()


class Ground:
    """A server."""

    def __init__(self, deadlines: AgiDeadlines | None = None) -> None:
        self.requests = CallVariables()
        self.sheets: list[KeptSheet] = []
        items = (SheetField("name", "text", 1, "{caller_name} {var:USR_id} {var:NONE}"),)
        profiles = {"customer": SheetTemplate("customer", "ring", items)}
        self.server = AgiServer(
            {
                "variables": variables.script(self.requests),
                "sheet": sheet.script(profiles, self.sheets.append),
            },
            max_connections=20,
            deadlines=deadlines or AgiDeadlines(head=20.0, answer=20.0),
        )
        self.listening = reactor.listenTCP(0, self.server, interface="127.0.0.1")
        self.port: int = self.listening.getHost().port

    async def works(self) -> None:
        """A request is served as ever."""
        request_id = self.requests.put({"USR_a": "1"})
        asterisk = await Asterisk.connect(self.port, "variables")
        assert await asterisk.hears() == 'GET VARIABLE "XUCD_REQ"'
        asterisk.say(f"200 result=1 ({request_id})\n")
        assert await asterisk.hears() == 'SET VARIABLE "__USR_a" "1"'
        asterisk.say("200 result=1\n")
        assert await asterisk.is_left()


@contextlib.asynccontextmanager
async def open_ground(ground: Ground) -> AsyncIterator[Ground]:
    yield ground
    await ground.listening.stopListening().asFuture(asyncio.get_running_loop())
    ground.server.close()


@pytest_asyncio.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground(Ground()) as ground:
        yield ground


@pytest_asyncio.fixture
async def hasty() -> AsyncIterator[Ground]:
    """A server that soon leaves who says nothing."""
    async with open_ground(Ground(AgiDeadlines(head=2.0, answer=3.0, total=5.0))) as ground:
        yield ground


async def test_a_request_is_traded_for_its_variables(ground: Ground) -> None:
    await ground.works()


async def test_a_long_value_goes_over_in_pieces_that_no_asterisk_cuts(ground: Ground) -> None:
    value = '"\\' * 2000 + "\U0001f600" * 96
    request_id = ground.requests.put({"USR_long": value})
    asterisk = await Asterisk.connect(ground.port, "variables")
    await asterisk.hears()
    asterisk.say(f"200 result=1 ({request_id})\n")
    arrived: list[str] = []
    while (line := await asterisk.hears()).startswith("SET VARIABLE"):
        assert len(line.encode()) < 2000
        _, _, name, text = line.split(" ", 3)
        assert name == f'"XUCDPIECE{len(arrived)}"'
        arrived.append(text[1:-1].replace('\\"', '"').replace("\\\\", "\\"))
        asterisk.say("200 result=1\n")
    assert "".join(arrived) == value
    assert line == 'GOSUB xucd-join s 1 "__USR_long"'
    asterisk.say("100 result=0 Trying...\n200 result=0 Gosub complete\n")
    assert await asterisk.is_left()


async def test_a_sheet_is_kept_with_what_the_channel_knows(ground: Ground) -> None:
    asterisk = await Asterisk.connect(ground.port, "sheet", "customer")
    assert await asterisk.hears() == 'GET VARIABLE "NONE"'
    asterisk.say("200 result=0\n")
    assert await asterisk.hears() == 'GET VARIABLE "USR_id"'
    asterisk.say("HANGUP\n200 result=1 (two\nlines) and)\n")
    assert (await asterisk.hears()).startswith('SET VARIABLE "XUCD_SHEET" "')
    asterisk.say("200 result=1\n")
    assert await asterisk.is_left()
    (kept,) = ground.sheets
    assert (kept.unique_id, kept.channel) == ("1700000000.1", "PJSIP/trunk-00000001")
    assert kept.known["caller_name"] == "Élise"
    assert kept.known["called_number"] == kept.known["var:NONE"] == ""
    assert kept.known["var:USR_id"] == "two\nlines) and"


async def test_a_sheet_holds_a_strangers_number_and_name_as_pages_may_show_them(
    ground: Ground,
) -> None:
    asterisk = await Asterisk.connect(ground.port)
    head = (
        HEAD.replace("0230210082", "<img src=x>")
        .replace("Élise", "<b>")
        .replace("dnid: unknown", "dnid: o'clock")
    )
    asterisk.say(head.format(script="sheet", arguments="agi_arg_1: customer\n"))
    for _ in ("NONE", "USR_id", "XUCD_SHEET"):
        await asterisk.hears()
        asterisk.say("200 result=0\n")
    assert await asterisk.is_left()
    (kept,) = ground.sheets
    assert [kept.known[name] for name in ("caller_number", "caller_name", "called_number")] == [
        "",
        "b",
        "",
    ]


async def test_a_number_that_smuggles_the_header_of_another_call_has_no_sheet(
    ground: Ground,
) -> None:
    asterisk = await Asterisk.connect(ground.port)
    head = HEAD.replace("0230210082", "1\nagi_uniqueid: 1700000000.9")
    asterisk.say(head.format(script="sheet", arguments="agi_arg_1: customer\n"))
    assert await asterisk.is_left()
    assert ground.sheets == []
    await ground.works()


@pytest.mark.parametrize(
    "answer",
    [
        "511 Command Not Permitted on a dead channel or intercept routine\n",
        "520-Invalid command syntax.  Proper usage follows:\nUsage: ...\n520 End of usage.\n",
        "510 Invalid or unknown command\n",
        "no answer at all\n",
        "200 result=1\n200 result=1\n200 result=1\n200 result=1\n200 result=1\n",
        "x" * 100_000,
        "200 result=1 (" + "x" * 100_000,
    ],
)
async def test_an_answer_that_is_none_ends_the_conversation(ground: Ground, answer: str) -> None:
    asterisk = await Asterisk.connect(ground.port, "sheet", "customer")
    await asterisk.hears()
    asterisk.say(answer)
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(asterisk.reader.read(), 30)
    asterisk.writer.close()
    assert ground.sheets == []
    await ground.works()


@pytest.mark.parametrize("script", ["nothing", "sheet", "../etc/passwd"])
async def test_a_script_that_is_not_there_leaves_the_call_alone(
    ground: Ground, script: str
) -> None:
    asterisk = await Asterisk.connect(ground.port, script, "unknown")
    assert await asterisk.is_left()
    await ground.works()


@pytest.mark.parametrize("said", [b"", b"agi_network: yes\n", b"agi_network: yes\nagi_un"])
async def test_who_says_nothing_or_leaves_half_way_is_left(hasty: Ground, said: bytes) -> None:
    silent = await Asterisk.connect(hasty.port)
    silent.say(said)
    leaving = await Asterisk.connect(hasty.port)
    leaving.say(said)
    leaving.writer.transport.abort()
    await hasty.works()
    assert await silent.is_left()


@pytest.mark.parametrize(
    "said", [b"\n\n", b"GET / HTTP/1.1\r\n\r\n\n\n", bytes(range(256)) * 10 + b"\n\n", b"\xff\n\n"]
)
async def test_garbage_costs_its_own_connection(ground: Ground, said: bytes) -> None:
    peer = await Asterisk.connect(ground.port)
    peer.say(said)
    assert await peer.is_left()
    await ground.works()


@pytest.mark.parametrize("line", [b"agi_arg_1: " + b"x" * 1000 + b"\n", b"x" * 1000])
async def test_ten_megabytes_of_headers_are_cut_short(ground: Ground, line: bytes) -> None:
    peer = await Asterisk.connect(ground.port)
    with pytest.raises(ConnectionError):
        for _ in range(10_000):
            peer.say(line)
            await peer.writer.drain()
    peer.writer.close()
    await ground.works()


async def test_a_peer_that_never_answers_is_left_in_the_end(hasty: Ground) -> None:
    peer = await Asterisk.connect(hasty.port, "variables")
    assert await peer.hears() == 'GET VARIABLE "XUCD_REQ"'
    assert await peer.is_left()
    await hasty.works()


async def test_many_who_say_nothing_keep_nobody_out(hasty: Ground) -> None:
    silent = [await Asterisk.connect(hasty.port) for _ in range(30)]
    await hasty.works()
    assert all([await peer.is_left() for peer in silent])


async def test_many_who_never_answer_keep_nobody_out(ground: Ground) -> None:
    silent = [await Asterisk.connect(ground.port, "variables") for _ in range(30)]
    assert await silent[-1].hears() == 'GET VARIABLE "XUCD_REQ"'
    await ground.works()
    # The oldest have given way: 20 may be open, and one more has come since.
    for peer in silent[:11]:
        with contextlib.suppress(ConnectionError):
            assert await peer.reader.read() == b'GET VARIABLE "XUCD_REQ"\n'
        peer.writer.close()


async def test_who_has_answered_stays_when_silent_ones_are_too_many(ground: Ground) -> None:
    request_id = ground.requests.put({"USR_a": "1"})
    asterisk = await Asterisk.connect(ground.port, "variables")
    await asterisk.hears()
    asterisk.say(f"200 result=1 ({request_id})\n")
    assert await asterisk.hears() == 'SET VARIABLE "__USR_a" "1"'
    for _ in range(30):
        silent = await Asterisk.connect(ground.port, "variables")
        assert await silent.hears() == 'GET VARIABLE "XUCD_REQ"'
    asterisk.say("200 result=1\n")
    assert await asterisk.is_left()


async def test_a_port_that_is_taken_is_told_by_its_name(ground: Ground, tmp_path: Path) -> None:
    xucd = Assembly(
        Settings(
            web=Web(port=0),
            agi=Agi(port=ground.port),
            store=StorePlace(url=f"sqlite:///{tmp_path / 'xucd.db'}"),
        )
    )
    with pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{ground.port} for FastAGI"):
        await xucd.start()
    await xucd.stop()
