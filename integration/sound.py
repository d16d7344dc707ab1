"""What a phone says and hears: tones sent and received as RTP, and tones looked for in sound.

SIPp speaks SIP only; a leg that is given a `Sound` names its port in its SDP. Everything is PCMU,
8000 samples a second, 20 ms in a packet. Samples are fractions of full scale, -1 to 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import socket
import struct
import wave
from collections import deque
from collections.abc import Sequence
from pathlib import Path

RATE = 8000  # samples a second
PACKET = 160  # samples: 20 ms
LISTENED = 10  # packets among which a tone is looked for
LOUDNESS = 0.25  # of a tone that is played
HEARD = LOUDNESS / 4  # a tone stronger than this is there,
SILENT = LOUDNESS / 50  # and one weaker than this is not
KEYS = "0123456789*#ABCD"
KEY_TYPE = 101  # RTP's payload type of pressed keys, as the callers' SDP has it
KEY_PACKETS, KEY_ENDS, KEY_GAP = 5, 3, 5  # packets of a key: while it is down, its end, before more
_BIAS = 0x84


def strength(samples: Sequence[float], hz: float) -> float:
    """The amplitude of a tone in these samples (Goertzel's algorithm)."""
    if not samples:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hz / RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    power = max(0.0, last * last + before * before - turn * last * before)
    return 2 * math.sqrt(power) / len(samples)


def recorded(path: Path) -> list[float]:
    """The samples of a WAV file of 16 bits, mono; none of one that is still being written."""
    try:
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError):  # Asterisk writes the head as it closes the file
        return []
    return [value / 32768 for (value,) in struct.iter_unpack("<h", data)]


def strengths(samples: Sequence[float], hz: float, seconds: float = 0.1) -> list[float]:
    """The amplitude of a tone in one stretch of so many seconds after another."""
    step = int(seconds * RATE)
    return [strength(samples[at : at + step], hz) for at in range(0, len(samples) - step, step)]


class Sound:
    """The media of one leg: plays a tone, or silence, and keeps what it hears."""

    def __init__(self, hz: float | None = None) -> None:
        self.hz = hz
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._heard: list[bytes] = []
        self._news = asyncio.Event()
        self._peer = 0
        self._sent = 0
        self._began = 0.0
        self._ssrc = random.getrandbits(32)
        self._keys: deque[bytes | None] = deque()  # what is said in the place of the next packets
        self._key_began = 0
        self._pressed: asyncio.Future[None] | None = None
        self._next: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._socket, self._receive)

    def start(self, port: int) -> None:
        """Play to this port from now on."""
        self._peer = port
        if self._next is None:
            self._began = self._loop.time()
            self._send()

    async def press(self, keys: str) -> None:
        """Press keys, one after the other (RFC 4733); returns when all have been sent.

        Raises:
            ConnectionError: the call is over.
        """
        if self._socket.fileno() < 0:
            raise ConnectionError("the call is over")
        for key in keys:
            event = KEYS.index(key)
            for number in range(1, KEY_PACKETS + KEY_ENDS + 1):
                end = 0x80 if number > KEY_PACKETS else 0
                lasted = min(number, KEY_PACKETS) * PACKET
                self._keys.append(struct.pack("!BBH", event, end | 10, lasted))
            self._keys.extend([None] * KEY_GAP)
        self._pressed = self._loop.create_future()
        await self._pressed

    def close(self) -> None:
        """Fall silent for good, and forget what was heard."""
        if self._pressed is not None and not self._pressed.done():
            self._pressed.set_exception(ConnectionError("the call ended while keys were pressed"))
        if self._socket.fileno() >= 0:
            self._receive()  # what has come already
            self._loop.remove_reader(self._socket)
            self._socket.close()
        if self._next is not None:
            self._next.cancel()

    async def hear(self, seconds: float, within: float = 15.0) -> list[float]:
        """The samples of the next so many seconds; needs somebody who sends any."""
        first = len(self._heard)
        wanted = int(seconds * RATE / PACKET)
        try:
            async with asyncio.timeout(within):
                while len(self._heard) < first + wanted:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(
                f"{len(self._heard) - first} packets of sound in {within} s, not {wanted}"
            ) from None
        return [_FROM_ULAW[one] for one in b"".join(self._heard[first : first + wanted])]

    async def hears(self, *tones: float, within: float = 15.0) -> None:
        """Wait until all of these tones are heard at once."""
        at = len(self._heard)
        async with asyncio.timeout(within):
            while True:
                while len(self._heard) >= at + LISTENED:
                    some = self._heard[at : at + LISTENED]
                    samples = [_FROM_ULAW[one] for one in b"".join(some)]
                    if all(strength(samples, hz) > HEARD for hz in tones):
                        return
                    at += LISTENED
                self._news.clear()
                await self._news.wait()

    def _send(self) -> None:
        due = int((self._loop.time() - self._began) * RATE / PACKET) + 1
        for number in range(self._sent, due):
            self._sent = number + 1
            with contextlib.suppress(OSError):  # Asterisk closes its port before the BYE arrives
                self._socket.sendto(self._rtp(number), ("127.0.0.1", self._peer))
        then = self._began + self._sent * PACKET / RATE
        self._next = self._loop.call_at(then, self._send)

    def _rtp(self, number: int) -> bytes:
        """The packet of this number: of a key that is pressed, or else of sound."""
        key = self._keys.popleft() if self._keys else None
        if not self._keys and self._pressed is not None and not self._pressed.done():
            self._pressed.set_result(None)
        kind, began, what = 0, number, self._packet(number)
        if key is not None:
            if key.endswith(struct.pack("!H", PACKET)):  # its first
                self._key_began, kind = number, 0x80
            kind, began, what = kind | KEY_TYPE, self._key_began, key
        stamp = began * PACKET & 0xFFFFFFFF
        return struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, stamp, self._ssrc) + what

    def _packet(self, number: int) -> bytes:
        if self.hz is None:
            return b"\xff" * PACKET
        turn = 2 * math.pi * self.hz / RATE
        first = number * PACKET
        return bytes(
            _to_ulaw(LOUDNESS * math.sin(turn * at)) for at in range(first, first + PACKET)
        )

    def _receive(self) -> None:
        with contextlib.suppress(OSError):
            while packet := self._socket.recv(2048):
                if len(packet) > 12 and packet[1] & 0x7F == 0:
                    self._heard.append(packet[12:])
                    self._news.set()


def _to_ulaw(sample: float) -> int:
    value = int(sample * 32767)
    sign = 0x80 if value < 0 else 0
    value = min(abs(value), 32635) + _BIAS
    exponent = value.bit_length() - 8
    return ~(sign | exponent << 4 | (value >> (exponent + 3)) & 0x0F) & 0xFF


def _from_ulaw(byte: int) -> float:
    byte = ~byte & 0xFF
    value = (((byte & 0x0F) << 3) + _BIAS << (byte >> 4 & 7)) - _BIAS
    return (-value if byte & 0x80 else value) / 32768


_FROM_ULAW = [_from_ulaw(byte) for byte in range(256)]
