"""One call of a phone or of a caller: what it did, and what it is told to do.

All is known from the messages that SIPp exchanged with Asterisk, with their exact times.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable

from integration.sipp import Message, Sipp, SippError
from integration.sound import Sound

DEADLINE = 30.0  # seconds that any awaited thing may take, unless told otherwise
TOLD_AGAIN = 1.0
"""Seconds after which a SIPp is told again: what it is told between two steps of a scenario, as
when a call is answered at that very moment, is lost."""
_USER = re.compile(r"sips?:([^@;>]*)@")
_MEDIA = re.compile(r"^m=audio (\d+)", re.MULTILINE)
_DISPLAY = re.compile(r'\s*"([^"]*)"')


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
        self.sound: Sound | None = None  # what it says and hears, if anything
        self._cseq = 1  # of the last INVITE
        self._media = 0  # where Asterisk takes sound
        self._confirmed = False  # ACK: the call may be ended by a BYE
        self._handed_on = ""  # what Asterisk said to a transfer
        self._tag = ""  # of whom was called
        self._reinvites = 0
        self._acked = 0  # the number of the INVITE that was last confirmed
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
            media = self.sound.port if self.sound else self._sipp.media_of(self._port)
            self._tell("ANSWER", f"X-Media: {media}\r\n")

    async def decline(self, within: float = DEADLINE) -> float:
        """Refuses a call that rings this phone, as busy; returns when it was refused."""
        await self.rang(within)
        self._tell("DECLINE")
        return await self.ended(within)

    async def forward(self, number: str, within: float = DEADLINE) -> float:
        """Sends a call that rings this phone on to a number by a 302, as a diverted phone does.

        Returns when it was sent on.
        """
        await self.rang(within)
        self._tell("FORWARD", f"Contact: <sip:{number}@127.0.0.1:{self._sipp.target}>\r\n")
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
        for _ in range(int(within / TOLD_AGAIN)):
            if self._over():
                break
            self._tell("HANGUP")
            with contextlib.suppress(TimeoutError):
                await self._until(self._over, TOLD_AGAIN, "end")
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

    async def hand_over(self, other: Leg, within: float = DEADLINE) -> float:
        """Joins the other party of this call to that of another call of the same phone.

        An attended transfer; `other` is a call that the phone placed. Returns when this call ended.
        """
        await self._until(lambda: self._confirmed or self._over(), within, "be answered")
        replaced = f"{other.call_id}%3Bto-tag%3D{other._tag}%3Bfrom-tag%3Dcaller"
        where = f"sip:{other.other_number}@127.0.0.1:{self._sipp.target}"
        self._tell("TRANSFER", f"Refer-To: <{where}?Replaces={replaced}>\r\n")
        await self._until(lambda: bool(self._handed_on) or self._over(), within, "be handed over")
        return await self.hang_up(within)

    async def hold(self, held: bool = True, within: float = DEADLINE) -> None:
        """Puts the call on hold, or takes it back; only phones that were called can.

        Returns once Asterisk has agreed.
        """
        self._reinvites += 1
        direction = "sendonly" if held else "sendrecv"
        number = 700 + self._reinvites  # below those of REFER and BYE in the scenario
        self._tell("HOLD", f"X-Number: {number}\r\nX-Direction: {direction}\r\n")
        await self._until(lambda: self._acked == number or self._over(), within, "be held")

    def saw(self, message: Message) -> None:
        """Takes in a message of this call."""
        code, method = message.code, message.method
        if not message.sent and (media := _MEDIA.search(message.body)):
            self._media = int(media[1])
        if method == "INVITE" and code == 0:
            self._saw_invite(message)
        elif method == "INVITE":
            self._saw_answer(message)
        elif method == "ACK":
            self._acked = int(message.headers["cseq"].split()[0])
            self._confirmed = self.answered_at is not None
            self._closed = self._closed or self._over()
        elif method in {"BYE", "CANCEL"} and code == 0:
            self._end(message.at, message.sent)
        elif method == "BYE":
            self._closed = True
        elif method == "NOTIFY" and "terminated" in message.headers.get("subscription-state", ""):
            self._handed_on = message.body.strip()
        self._wake()

    def _saw_invite(self, message: Message) -> None:
        if not (message.sent and self.answered_at):
            self._cseq = int(message.headers["cseq"].split()[0])
        if self.invited_at is None:
            self.invited_at = message.at
            self.headers = message.headers
            peer = message.headers["to" if message.sent else "from"]
            self.other_number = user_of(peer)
            display = _DISPLAY.match(peer)
            self.other_name = display[1] if display else ""

    def _saw_answer(self, message: Message) -> None:
        code = message.code
        if code in {180, 183} and self.rang_at is None:
            self.rang_at = message.at
        elif code == 200 and self.answered_at is None:
            self.answered_at = message.at
            self._tag = message.headers["to"].partition("tag=")[2]
            if self.sound is not None:
                self.sound.start(self._media)
        elif code >= 300 and code != 401:
            self.code = code
            self._end(message.at, message.sent)

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
        if self.sound is not None:
            self.sound.close()

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


def user_of(address: str) -> str:
    """The number in a SIP address; "" if there is none."""
    found = _USER.search(address)
    return found[1] if found else ""
