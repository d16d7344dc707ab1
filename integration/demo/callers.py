"""Those who call the demo: who they are, and what becomes of one call."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from integration.demo.layout import Site
from integration.phones import Leg, NotAnswered, Phones
from integration.sipp import SippError

PATIENCE = 150.0  # seconds; Asterisk itself sends a caller away sooner
TONE = 440.0  # Hz: what callers say
TALK = (8.0, 25.0)  # seconds, at least and at most
RATHER_CALLED = 12  # of so many callers one asks to be called back

FIRST_NAMES = (
    "Camille", "Léa", "Manon", "Chloé", "Inès", "Jade", "Éloïse", "Margaux", "Zoé", "Noémie",
    "Lucas", "Hugo", "Théo", "Jules", "Raphaël", "Gaël", "Mathis", "Loïc", "Benoît", "François",
)  # fmt: skip
LAST_NAMES = (
    "Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Lefèvre", "Garnier", "Chevalier",
    "Fontaine", "Rousseau", "Béranger", "Le Gall", "Kervella", "D'Hérouville", "Noël", "Lemaître",
)  # fmt: skip
PREFIXES = ("01", "02", "03", "04", "05", "06", "07", "09")

Say = Callable[[str], None]


class Caller(NamedTuple):
    """Somebody who calls from outside."""

    number: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


def callers() -> Iterator[Caller]:
    """Callers, without end."""
    while True:
        number = random.choice(PREFIXES) + "".join(random.choices("0123456789", k=8))
        yield Caller(number, f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}")


class Callers:
    """Those who call one site from outside."""

    def __init__(self, site: Site, phones: Phones) -> None:
        self._site = site
        self._phones = phones

    async def call_in(self, a_minute: float, say: Say) -> None:
        """Have callers call in, to each queue in turn, for ever. `a_minute` is above 0."""
        queues = itertools.cycle(self._site.queues)
        async with asyncio.TaskGroup() as calls:
            for count, caller in enumerate(callers(), 1):
                if self._site.with_keys and count % RATHER_CALLED == 3:
                    calls.create_task(self._leave_message(self._site.with_keys, caller, say))
                else:
                    calls.create_task(self._call_in(next(queues), caller, say))
                await asyncio.sleep(60 / a_minute * random.uniform(0.5, 1.5))

    async def call(self, number: str, caller: Caller, talk: float, say: Say) -> None:
        """Place a call, hang up after `talk` seconds, and say what becomes of it, step by step."""
        say(f"{caller} calls {number}")
        try:
            leg = self._dial(number, caller)
            await leg.rang(PATIENCE)
            assert leg.invited_at is not None
            say("rings")
            answered = await leg.answered(PATIENCE)
            say(f"answered{self._by(leg)} after {answered - leg.invited_at:.1f} s")
            try:
                ended = await leg.ended(talk)
            except TimeoutError:
                ended = await leg.hang_up()
            who = "the caller" if leg.ended_by_us else "the other side"
            say(f"talked for {ended - answered:.1f} s, ended by {who}")
        except NotAnswered as end:
            assert leg.invited_at is not None and leg.ended_at is not None
            waited = leg.ended_at - leg.invited_at
            say(f"ended unanswered after {waited:.1f} s (SIP {end.code})")
        except (SippError, TimeoutError) as error:
            say(f"came to nothing: {error}")

    async def _call_in(self, queue: str, caller: Caller, say: Say) -> None:
        told: list[str] = []
        await self.call(queue, caller, random.uniform(*TALK), told.append)
        say(f"{told[0]}: {', '.join(told[1:])}")

    async def _leave_message(self, queue: str, caller: Caller, say: Say) -> None:
        """Wait a little, then leave a message; talk instead if an agent answers before."""
        try:
            leg = self._dial(queue, caller)
            await leg.answered(PATIENCE)
            assert leg.sound is not None
            for keys, then in (("", 4.0), ("5", 2.5), ("#", 13.0)):  # "#": the number it calls from
                await leg.sound.press(keys)
                await asyncio.sleep(then)  # as long as the prompts are
            await leg.hang_up()
            say(f"{caller} calls {queue}: waited, pressed 5, left a message")
        except (NotAnswered, SippError, TimeoutError, ConnectionError) as error:
            say(f"{caller} calls {queue}: came to nothing: {error}")

    def _dial(self, number: str, caller: Caller) -> Leg:
        return self._phones.dial(number, caller_number=caller.number, name=caller.name, tone=TONE)

    def _by(self, leg: Leg) -> str:
        """Which of the site's phones talks to this caller."""
        for line in self._site.lines:
            for rung in reversed(self._phones.phone(line).legs):
                if rung.other_number == leg.number and rung.answered_at and not rung.ended_at:
                    return f" by {line}"
        return ""
