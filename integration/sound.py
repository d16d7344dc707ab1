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
from collections.abc import Sequence
from pathlib import Path

RATE = 8000  # samples a second
PACKET = 160  # samples: 20 ms
LOUDNESS = 0.25  # of a tone that is played
HEARD = LOUDNESS / 4  # a tone stronger than this is there,
SILENT = LOUDNESS / 50  # and one weaker than this is not
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
        self._next: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._socket, self._receive)

    def start(self, port: int) -> None:
        """Play to this port from now on."""
        self._peer = port
        if self._next is None:
            self._began = self._loop.time()
            self._send()

    def close(self) -> None:
        """Fall silent for good, and forget what was heard."""
        self._heard.clear()
        if self._socket.fileno() >= 0:
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
        async with asyncio.timeout(within):
            while True:
                samples = await self.hear(0.2, within)
                if all(strength(samples, hz) > HEARD for hz in tones):
                    return

    def _send(self) -> None:
        due = int((self._loop.time() - self._began) * RATE / PACKET) + 1
        for number in range(self._sent, due):
            self._sent = number + 1
            head = struct.pack(
                "!BBHII", 0x80, 0, number & 0xFFFF, number * PACKET & 0xFFFFFFFF, self._ssrc
            )
            with contextlib.suppress(OSError):  # Asterisk closes its port before the BYE arrives
                self._socket.sendto(head + self._packet(number), ("127.0.0.1", self._peer))
        then = self._began + self._sent * PACKET / RATE
        self._next = self._loop.call_at(then, self._send)

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
