"""Real SIP phones, and callers from the outside world, for the demo and for the tests.

Both are SIPp. A `Phone` rings and answers, by itself after a while or when it is told; a call that
is placed here is a `Leg`, and so is each call that rings a phone. What happens to a leg is known,
and awaited, by the very messages that SIPp exchanged with Asterisk, with their exact times.

    async with Phones(pbx) as phones:
        await phones.register("1001")
        call = phones.dial("3000", caller_number="0230210082", name="Alice")
        leg = await phones.phone("1001").rings()
        leg.answer()
        await call.answered()
        await call.hang_up()
        assert leg.ended_at is not None
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from integration.legs import DEADLINE, Leg, NotAnswered, user_of
from integration.pbx import Pbx
from integration.sipp import Message, Process, Sipp, SippError
from integration.sound import Sound

__all__ = ["DEADLINE", "Leg", "NotAnswered", "Phone", "Phones"]

_COMPLAINT = re.compile(
    r"The following events occurred:\n|"
    r"\d{4}-\d\d-\d\d\S*\s[^\n]*?Automatic response mode for an unexpected "
    r"[^\n]*? for call: [\w@.-]{36}|"
    r"\d{4}-\d\d-\d\d[^\n]*Overload warning[^\n]*|"
    # What a standstill causes: a message that is sent again after the end, or told a phone twice.
    r"\d{4}-\d\d-\d\d[^\n]*(?:: Dead call |unexpected message for Call-I[dD] [^\n]*received "
    r"'(?:HANGUP|ANSWER|DECLINE|FORWARD) )(?s:.*?)'\.?\n"
)


class Phone:
    """A number at which calls arrive: one of the PBX's phones, or one in the outside world.

    `answer_after` and `hang_up_after` are seconds, from the INVITE and from the answer; None is to
    wait until told.
    """

    def __init__(self, number: str) -> None:
        self.number = number
        self.answer_after: float | None = None
        self.hang_up_after: float | None = None
        self.tone: float | None = None  # Hz, said in calls that come from now on
        self.legs: list[Leg] = []  # all calls that ever rang it
        self._new: asyncio.Queue[Leg] = asyncio.Queue()

    async def rings(self, within: float = DEADLINE) -> Leg:
        """The next call that rings this phone, in order, each given once."""
        try:
            leg = await asyncio.wait_for(self._new.get(), within)
        except TimeoutError:
            raise TimeoutError(f"{self.number} did not ring within {within} s") from None
        await leg.rang(within)
        return leg

    def forget(self) -> None:
        """Be as new: nothing set, and no call that anybody still asks for."""
        self.answer_after = self.hang_up_after = self.tone = None
        self.legs = []
        self._new = asyncio.Queue()

    def arrives(self, leg: Leg) -> None:
        """A call that was sent to this phone."""
        self.legs.append(leg)
        self._new.put_nowait(leg)

    def saw(self, leg: Leg, message: Message) -> None:
        """Does by itself what it was set to do."""
        if message.method == "INVITE" and message.code == 180 and self.answer_after is not None:
            assert leg.invited_at is not None
            rung = message.at - leg.invited_at
            leg.after(max(0.0, self.answer_after - rung), leg.answer)
        if message.method == "ACK" and leg.answered_at and self.hang_up_after is not None:
            leg.after(self.hang_up_after, lambda: _in_background(leg.hang_up()))


class Phones:
    """All phones of a PBX, and those who call."""

    def __init__(self, pbx: Pbx) -> None:
        self.pbx = pbx
        ports = pbx.ports
        self.new_phone: Callable[[str], Phone] = Phone  # what a number is when first asked for
        self._port = ports.phones
        own = range(ports.phones, ports.phones + 100)
        self._sipp = Sipp(pbx.image, ports.sip, own, ports.media)
        self._phones: dict[str, Phone] = {}
        self._legs: dict[str, Leg] = {}
        self._placed: list[tuple[Leg, Process]] = []  # calls of which some have arrived
        self._process: Process | None = None

    async def start(self) -> Phones:
        """Returns when the phones can be called, once registered."""
        await self._sipp.start()
        self._process = self._sipp.run("phone", heard=self._heard, port=self._port)
        self._process.done.add_done_callback(self._phones_gone)
        async with asyncio.timeout(DEADLINE):
            while not _is_bound(self._port):
                if self._process.done.done():
                    raise SippError(f"the phones did not start: {self._process.errors()}")
                await asyncio.sleep(0.02)  # a port that opens announces itself to nobody
        return self

    async def stop(self) -> None:
        await self._sipp.stop()

    async def __aenter__(self) -> Phones:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def phone(self, number: str) -> Phone:
        """The phone of a number. Numbers that are not the PBX's are in the outside world."""
        if number not in self._phones:
            self._phones[number] = self.new_phone(number)
        return self._phones[number]

    async def forget(self) -> None:
        """Let all phones, here and outside, be as new once their calls are over."""
        for phone in list(self._phones.values()):
            await asyncio.gather(*(leg.ended() for leg in phone.legs))
            phone.forget()

    async def register(self, *numbers: str, seconds: int = 3600, contact: str = "") -> None:
        """Registers phones at the PBX by their password, all at once; 0 seconds unregisters.

        With a `contact` it is another phone of that name which registers by the same number.

        Raises:
            SippError: the PBX refused.
        """
        rows = "".join(
            f"{number};[authentication username={number} password={number}-demo];{seconds};"
            f"{contact or number};\n"
            for number in numbers
        )
        numbered = f"register-{uuid.uuid4().hex}.csv"
        path = self._sipp.write(numbered, f"SEQUENTIAL\n{rows}")
        process = self._sipp.run(
            "register",
            *("-inf", path, "-key", "phones", str(self._port), "-r", "1000"),
            *("-m", str(len(numbers))),
        )
        if await asyncio.wait_for(process.done, DEADLINE) != 0:
            raise SippError(f"{', '.join(numbers)} could not register: {process.errors()}")

    def dial(
        self,
        number: str,
        caller_number: str = "0230210082",
        name: str = "",
        phone: str | None = None,
        tone: float | None = None,
    ) -> Leg:
        """Places a call: from the outside world, or from the PBX's own phone `phone`.

        With `tone` (Hz) it says that, and hears. It is under way when this returns; the leg is the
        caller's.
        """
        if re.search(r'["\\\r\n\[\]]', name + caller_number + number):
            raise ValueError("a name or number cannot hold \", \\, a bracket or a line's end")
        user = phone or caller_number
        call_id = uuid.uuid4().hex

        def heard(message: Message) -> None:
            leg.saw(message)

        sound = Sound(tone) if tone is not None else None
        process = self._sipp.run(
            "caller",
            *("-s", number, "-m", "1", "-r", "1000", "-cid_str", call_id),
            *("-key", "user", user, "-key", "display", name or user),
            *("-key", "trunk", "none" if phone else "demo"),
            *("-au", user, "-ap", f"{user}-demo"),
            # What comes between two steps of the scenario is passed over: the call would be given
            # up, and Asterisk left with one that nobody ends.
            *("-default_behaviors", "all,-abortunexp"),
            heard=heard,
            sound=sound.port if sound else None,
        )
        leg = Leg(self._sipp, process.port, call_id, user)
        leg.sound = sound
        self._placed.append((leg, process))
        process.done.add_done_callback(
            lambda code: leg.fail(f"SIPp gave up: {process.errors()}") if code.result() else None
        )
        return leg

    def under_way(self) -> list[Leg]:
        """The calls that were placed and of which nobody knows yet whether Asterisk has them."""
        self._placed = [
            (leg, process)
            for leg, process in self._placed
            if not (leg.rang_at or leg.answered_at or leg.ended_at or process.done.done())
        ]
        return [leg for leg, _ in self._placed]

    async def ended(self) -> str:
        """Wait until the phones are gone, as they are only when their SIPp dies; says so."""
        assert self._process is not None
        code = await asyncio.shield(self._process.done)
        return f"the phones' SIPp ended ({code}): {self.complaints() or 'without a word'}"

    def complaints(self) -> str:
        """What the phones' SIPp found unexpected; "" when all went as SIP has it."""
        errors = self._process.errors() if self._process else ""
        # Answering a NOTIFY by itself (of a transfer) is worth a line to SIPp, but no complaint.
        return _COMPLAINT.sub("", errors).strip()

    def _heard(self, message: Message) -> None:
        leg = self._legs.get(message.call_id)
        if leg is None:
            if not message.first.startswith("INVITE ") or message.sent:
                return
            phone = self.phone(user_of(message.first))
            leg = Leg(self._sipp, self._port, message.call_id, phone.number)
            if phone.tone is not None:
                leg.sound = Sound(phone.tone)
            self._legs[leg.call_id] = leg
            leg.saw(message)
            phone.arrives(leg)
            return
        leg.saw(message)
        self._phones[leg.number].saw(leg, message)

    def _phones_gone(self, code: asyncio.Future[int]) -> None:
        for leg in self._legs.values():
            leg.fail(f"the phones' SIPp ended ({code.result()})")


_background: set[asyncio.Future[float]] = set()


def _in_background(task: Coroutine[Any, Any, float]) -> None:
    future = asyncio.ensure_future(task)
    _background.add(future)
    future.add_done_callback(_background.discard)


def _is_bound(port: int) -> bool:
    """Whether some program takes UDP at this port of 127.0.0.1, by the kernel's own list."""
    wanted = f"0100007F:{port:04X}"
    with contextlib.suppress(OSError):
        return any(
            line.split()[1] == wanted for line in Path("/proc/net/udp").read_text().splitlines()[1:]
        )
    return False
