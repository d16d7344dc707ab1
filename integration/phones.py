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
from collections.abc import Callable
from pathlib import Path

from integration.pbx import Pbx
from integration.sipp import Message, Process, Sipp, SippError

DEADLINE = 30.0  # seconds that any awaited thing may take, unless told otherwise
_USER = re.compile(r"sips?:([^@;>]*)@")
_DISPLAY = re.compile(r'\s*"([^"]*)"')
_COMPLAINT = re.compile(
    r"The following events occurred:\n|"
    r"\d{4}-\d\d-\d\d\S*\s[^\n]*?Automatic response mode for an unexpected "
    r"[^\n]*? for call: [\w@.-]{36}"
)


class NotAnswered(Exception):
    """The call ended before anybody answered; `code` is SIP's reason, 487 when given up."""

    def __init__(self, leg: Leg) -> None:
        super().__init__(f"{leg} ended unanswered ({leg.code})")
        self.code = leg.code


class Leg:
    """One SIP call between Asterisk and a phone, or Asterisk and the outside world.

    Times are seconds since 1970, by SIPp's clock at the message itself; None until it happens.
    """

    def __init__(self, sipp: Sipp, port: int, call_id: str, number: str) -> None:
        self.call_id = call_id
        self.number = number  # the phone's or the caller's own
        self.other_number = ""  # as the INVITE says
        self.other_name = ""
        self.headers: dict[str, str] = {}  # the INVITE's, by lower-case name
        self.invited_at: float | None = None  # INVITE
        self.rang_at: float | None = None  # 180 or 183
        self.answered_at: float | None = None  # 200
        self.ended_at: float | None = None  # BYE, CANCEL, or the final refusal
        self.ended_by_us = False
        self.code = 0  # of a call that was not answered
        self._cseq = 1  # of the last INVITE
        self._confirmed = False  # ACK: the call may be ended by a BYE
        self._handed_on = ""  # what Asterisk said to a transfer
        self._closed = False  # nothing more will come
        self._failure = ""
        self._sipp = sipp
        self._port = port
        self._waiting: list[asyncio.Future[None]] = []
        self._timers: list[asyncio.TimerHandle] = []

    def __repr__(self) -> str:
        return f"<call {self.number} - {self.other_number or '?'}>"

    async def rang(self, within: float = DEADLINE) -> float:
        """When the phone at the other end rang (for one who calls), or this one."""
        await self._until(lambda: self.rang_at is not None or self._over(), within, "ring")
        if self.rang_at is None:
            raise NotAnswered(self)
        return self.rang_at

    async def answered(self, within: float = DEADLINE) -> float:
        """When the call was answered. Raises `NotAnswered` if it ends before."""
        await self._until(
            lambda: self.answered_at is not None or self._over(), within, "be answered"
        )
        if self.answered_at is None:
            raise NotAnswered(self)
        return self.answered_at

    async def ended(self, within: float = DEADLINE) -> float:
        """When the call ended, whoever ended it."""
        await self._until(self._over, within, "end")
        assert self.ended_at is not None
        return self.ended_at

    def answer(self) -> None:
        """Answers a call that rings this phone, now; `answered()` says when it was done."""
        if self.rang_at is not None and self.answered_at is None and not self._over():
            self._tell("ANSWER")

    async def decline(self, within: float = DEADLINE) -> float:
        """Refuses a call that rings this phone, as busy; returns when it was refused."""
        await self.rang(within)
        self._tell("DECLINE")
        return await self.ended(within)

    async def hang_up(self, within: float = DEADLINE) -> float:
        """Ends the call, or gives it up while it rings; returns when the BYE or CANCEL left.

        Returns once Asterisk has agreed. A call that is over already is left as it is.
        """
        await self._until(
            lambda: (
                self._confirmed
                or (self.rang_at is not None and not self.answered_at)
                or self._over()
            ),
            within,
            "be there to be ended",
        )
        if not self._over():
            self._tell("HANGUP")
        await self._until(lambda: self._closed, within, "be closed")
        return await self.ended(within)

    async def transfer(self, number: str, within: float = DEADLINE) -> float:
        """Hands the other party on to a number, blindly, and hangs up once the number answered.

        Asterisk refuses until it has joined the two parties, a few milliseconds after the answer.

        Raises:
            SippError: Asterisk refused; the call goes on.
        """
        await self._until(lambda: self._confirmed or self._over(), within, "be answered")
        target = f"Refer-To: <sip:{number}@127.0.0.1:{self._sipp.target}>\r\n"
        self._tell("TRANSFER", target)
        self._handed_on = ""
        await self._until(lambda: bool(self._handed_on) or self._over(), within, "be handed on")
        if not self._handed_on.startswith("SIP/2.0 200"):
            raise SippError(f"{self}: transfer refused: {self._handed_on}")
        return await self.hang_up(within)

    def saw(self, message: Message) -> None:
        """Takes in a message of this call."""
        at, code, method = message.at, message.code, message.method
        if method == "INVITE" and code == 0:
            self._cseq = int(message.headers["cseq"].split()[0])
        if method == "INVITE" and code == 0 and self.invited_at is None:
            self.invited_at = at
            self.headers = message.headers
            peer = message.headers["to" if message.sent else "from"]
            self.other_number = _user(peer)
            display = _DISPLAY.match(peer)
            self.other_name = display[1] if display else ""
        elif method == "INVITE" and code in {180, 183} and self.rang_at is None:
            self.rang_at = at
        elif method == "INVITE" and code == 200 and self.answered_at is None:
            self.answered_at = at
        elif method == "INVITE" and code >= 300 and code != 401:
            self.code = code
            self._end(at, message.sent)
        elif method == "ACK":
            self._confirmed = self.answered_at is not None
            self._closed = self._closed or self._over()
        elif method in {"BYE", "CANCEL"} and code == 0:
            self._end(at, message.sent)
        elif method == "BYE":
            self._closed = True
        elif method == "NOTIFY" and "terminated" in message.headers.get("subscription-state", ""):
            self._handed_on = message.body.strip()
        self._wake()

    def fail(self, why: str) -> None:
        """The SIPp that plays this call is gone."""
        self._failure = why
        self._wake()

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Does something later, unless the call is over by then."""
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(seconds, act))

    def _tell(self, method: str, header: str = "") -> None:
        self._sipp.tell(self._port, self.call_id, method, self._cseq, header)

    def _end(self, at: float, by_us: bool) -> None:
        if self.ended_at is None:
            self.ended_at = at
            self.ended_by_us = by_us
        for timer in self._timers:
            timer.cancel()

    def _over(self) -> bool:
        return self.ended_at is not None

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def _until(self, condition: Callable[[], bool], within: float, what: str) -> None:
        try:
            async with asyncio.timeout(within):
                while not condition():
                    if self._failure:
                        raise SippError(f"{self}: {self._failure}")
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
        except TimeoutError:
            raise TimeoutError(f"{self} did not {what} within {within} s") from None


class Phone:
    """A number at which calls arrive: one of the PBX's phones, or one in the outside world.

    `answer_after` and `hang_up_after` are seconds, from the INVITE and from the answer; None is to
    wait until told.
    """

    def __init__(self, number: str) -> None:
        self.number = number
        self.answer_after: float | None = None
        self.hang_up_after: float | None = None
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
        self.answer_after = self.hang_up_after = None
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
        self._port = ports.phones
        own = range(ports.phones, ports.phones + 100)
        self._sipp = Sipp(pbx.image, ports.sip, own, ports.media)
        self._phones: dict[str, Phone] = {}
        self._legs: dict[str, Leg] = {}
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
        return self._phones.setdefault(number, Phone(number))

    async def register(self, *numbers: str, seconds: int = 3600) -> None:
        """Registers phones at the PBX by their password, all at once; 0 seconds unregisters.

        Raises:
            SippError: the PBX refused.
        """
        rows = "".join(
            f"{number};[authentication username={number} password={number}-demo];{seconds};\n"
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
    ) -> Leg:
        """Places a call: from the outside world, or from the PBX's own phone `phone`.

        It is under way when this returns; the leg is the caller's.
        """
        if re.search(r'["\\\r\n\[\]]', name + caller_number + number):
            raise ValueError("a name or number cannot hold \", \\, a bracket or a line's end")
        user = phone or caller_number
        call_id = uuid.uuid4().hex

        def heard(message: Message) -> None:
            leg.saw(message)

        process = self._sipp.run(
            "caller",
            *("-s", number, "-m", "1", "-r", "1000", "-cid_str", call_id),
            *("-key", "user", user, "-key", "display", name or user),
            *("-key", "trunk", "none" if phone else "demo"),
            *("-au", user, "-ap", f"{user}-demo"),
            heard=heard,
        )
        leg = Leg(self._sipp, process.port, call_id, user)
        process.done.add_done_callback(
            lambda code: leg.fail(f"SIPp gave up: {process.errors()}") if code.result() else None
        )
        return leg

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
            phone = self.phone(_user(message.first))
            leg = Leg(self._sipp, self._port, message.call_id, phone.number)
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


def _in_background(task: object) -> None:
    future = asyncio.ensure_future(task)  # type: ignore[arg-type]
    _background.add(future)
    future.add_done_callback(_background.discard)


def _user(address: str) -> str:
    found = _USER.search(address)
    return found[1] if found else ""


def _is_bound(port: int) -> bool:
    """Whether some program takes UDP at this port of 127.0.0.1, by the kernel's own list."""
    wanted = f"0100007F:{port:04X}"
    with contextlib.suppress(OSError):
        return any(
            line.split()[1] == wanted for line in Path("/proc/net/udp").read_text().splitlines()[1:]
        )
    return False
