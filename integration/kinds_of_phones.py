"""Phones of all kinds, set up at a running Asterisk as its owner would, and played by SIPp.

A kind is a row of `KINDS`: what it is called, and what its driver's file holds. Asterisk 16 alone
has chan_sip; there its phones register at a port of their own, with a SIPp of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from integration.pbx import Pbx, Ports
from integration.phones import Phones
from integration.running import DEMO

QUEUE = "Vente à distance"
MARK = "; of a test\n"
ETC = "/etc/asterisk"


@dataclass(frozen=True)
class Kind:
    """A phone. `user` is its name at Asterisk, `number` that of its line."""

    number: str
    technology: str
    user: str

    @property
    def interface(self) -> str:
        return f"{self.technology}/{self.user}"


PJSIP = Kind("bob", "PJSIP", "bob.smith")
DASHED = Kind("204-a", "PJSIP", "204-home")
SIP = Kind("sip-204", "SIP", "204-desk.1")
IAX2 = Kind("iax-7", "IAX2", "phone")

ENTRIES = f"""\
[[queues]]
id = 21
name = "{QUEUE}"
displayName = "{QUEUE}"
number = "vente"
wrapup = 1
"""
LINE = """\
[[lines]]
id = {id}
number = "{number}"
interface = "{interface}"
context = "shop"
"""
LINES = "".join(
    LINE.format(id=31 + at, number=kind.number, interface=kind.interface)
    for at, kind in enumerate((PJSIP, DASHED, SIP, IAX2))
)
CENTER = (
    DEMO.read_text()
    .replace("[[lines]]\n", f"{ENTRIES}{LINES}[[lines]]\n", 1)
    .replace("queues = { support = 0, sales = 1 }", f'queues = {{ "{QUEUE}" = 0 }}', 1)
)
"""The demo's centre with such lines, and with Bruce in that queue alone."""

_ENDPOINT = """\
[{user}]
type = endpoint
context = shop
aors = {user}
auth = {user}
callerid = <{number}>
disallow = all
allow = ulaw,alaw
direct_media = no
send_pai = no
send_connected_line = no
[{user}]
type = auth
auth_type = userpass
username = {user}
password = {user}-demo
[{user}]
type = aor
max_contacts = 5
"""
_PEER = """\
[general]
udpbindaddr = 127.0.0.1:{port}
context = nowhere
allowguest = no
canreinvite = no
[{user}]
type = friend
host = dynamic
secret = {user}-demo
context = shop
callerid = <{number}>
disallow = all
allow = ulaw,alaw
callcounter = yes
"""
# The phone is the other side of the same Asterisk, at another address: it calls itself.
_IAX = """\
[general]
bindaddr = 127.0.0.1:{port}
bindaddr = 127.0.0.2:{port}
requirecalltoken = no
[{user}]
type = peer
host = 127.0.0.2
port = {port}
username = played
[played]
type = user
context = iax-phone
"""
_DIALPLAN = """\
[queues](+)
exten => 3020,1,Set(QUEUE={queue})
 same => n,Goto(to-queue,s,1)
[iax-phone]
exten => s,1,Ringing()
 same => n,Wait(0.5)
 same => n,Answer()
 same => n,Wait(60)
[shop]
include => default
exten => 777,1,Dial(PJSIP/1004)
[default](+)
exten => bob,1,Dial(PJSIP/bob.smith)
exten => 204-a,1,Dial(PJSIP/204-home)
exten => sip-204,1,Dial(SIP/204-desk.1)
"""


def extend(pbx: Pbx, file: str, text: str) -> None:
    """Let a file of Asterisk's end with this text, in the place of what was added before."""
    path = f"{ETC}/{file}"
    kept = pbx.read(path).partition(MARK)[0]
    pbx.write(path, f"{kept}{MARK}{text}" if text else kept)


def _set_up(pbx: Pbx) -> None:
    rows = "".join(_ENDPOINT.format(**vars(kind)) for kind in (PJSIP, DASHED))
    extend(pbx, "pjsip.conf", rows)
    extend(pbx, "extensions.conf", _DIALPLAN.format(queue=QUEUE))
    extend(pbx, "queues.conf", f"[{QUEUE}](xucd-queue-wrapup)\n")
    _reload(pbx)


def _take_down(pbx: Pbx) -> None:
    for file in ("pjsip.conf", "extensions.conf", "queues.conf"):
        extend(pbx, file, "")
    _reload(pbx)


def _reload(pbx: Pbx) -> None:
    for command in ("module reload res_pjsip.so", "dialplan reload", "queue reload all"):
        pbx.cli(command)


@contextlib.asynccontextmanager
async def odd_phones(pbx: Pbx, phones: Phones) -> AsyncIterator[None]:
    """The phones of PJSIP with odd names, registered, and the queue with an odd name."""
    await asyncio.to_thread(_set_up, pbx)
    try:
        await phones.register(PJSIP.user, DASHED.user)
        yield
    finally:
        await asyncio.to_thread(_take_down, pbx)


class _SipSide:
    """What `Phones` asks of a PBX, for the phones at another SIP port of it."""

    def __init__(self, pbx: Pbx) -> None:
        self.image = pbx.image
        self.ports = Ports.free()


@contextlib.asynccontextmanager
async def sip_phones(pbx: Pbx) -> AsyncIterator[Phones]:
    """The phone of chan_sip, registered, and whoever plays it."""
    side = _SipSide(pbx)
    text = _PEER.format(port=side.ports.sip, **vars(SIP))
    await asyncio.to_thread(pbx.write, f"{ETC}/sip.conf", text)
    for file in ("sip_notify.conf", "users.conf"):
        await asyncio.to_thread(pbx.write, f"{ETC}/{file}", "")
    await asyncio.to_thread(pbx.cli, "module load chan_sip")
    try:
        async with Phones(side) as phones:  # type: ignore[arg-type]
            await phones.register(SIP.user)
            yield phones
    finally:
        await asyncio.to_thread(pbx.cli, "module unload chan_sip")


@contextlib.asynccontextmanager
async def iax_phone(pbx: Pbx) -> AsyncIterator[None]:
    """The phone of chan_iax2, which answers by itself."""
    text = _IAX.format(port=Ports.free().sip, **vars(IAX2))
    await asyncio.to_thread(pbx.write, f"{ETC}/iax.conf", text)
    await asyncio.to_thread(pbx.cli, "module load chan_iax2")
    try:
        yield
    finally:
        await asyncio.to_thread(pbx.cli, "module unload chan_iax2")
