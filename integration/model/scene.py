"""The actors' common ground: the calls there are, what pages were told, what Asterisk lists."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine
from typing import Any, Self

from integration.client import Client, Refused
from integration.legs import Leg
from integration.model import answers
from integration.model.compare import DIALLED_BY_XUCD, Known
from integration.model.listed import LINES, Channel, Listed, Reader
from integration.model.panel import Block, Panel
from integration.phones import NotAnswered, Phone, Phones
from integration.running import Xucd
from integration.sipp import SippError

OUTSIDE = "0123456789"  # a phone in the outside world, which agents call
CALLERS = tuple(f"02302100{number}" for number in range(10, 16))
CRM = "CRM"  # the name that a program's click-to-dial shows on the phone that it rings
COMMAND = 30.0  # seconds within which a page's command must be answered: xucd gives up after 20
FAILED = ("AsteriskTimeout", "AsteriskUnavailable", "InternalError")
"""Refusals that nothing that an actor did explains."""

QUEUES_CONF = "/etc/asterisk/queues.conf"
QUEUE_LOG = "/var/log/asterisk/queue_log"
MISHAPS = (TimeoutError, NotAnswered, SippError)
"""What a phone meets when the other side was faster; the comparison says what became of it."""


_BEGIN_OR_END = {
    ("Hold", ""): ("Hold", True, "Uniqueid"),
    ("Unhold", ""): ("Hold", False, "Uniqueid"),
    ("MixMonitorMute", "1"): ("Mute", True, "Uniqueid"),
    ("MixMonitorMute", "0"): ("Mute", False, "Uniqueid"),
    ("BlindTransfer", "Success"): ("Transfer", True, "TransfererUniqueid"),
    ("AttendedTransfer", "Success"): ("Transfer", True, "OrigTransfererUniqueid"),
    ("BridgeEnter", ""): ("Transfer", False, "Uniqueid"),
}
"""Event and its ``State`` or ``Result``: what it is about, whether it begins, and whose it is."""


class LoggedFailures:
    """What a daemon logs of its own failures."""

    def __init__(self, xucd: Xucd) -> None:
        self._log = xucd.log
        self._read = 0

    def new(self) -> list[str]:
        """Those since the last look."""
        log = self._log.read_bytes()
        new, self._read = log[self._read :].decode(errors="replace"), len(log)
        _, *failures = new.split("Traceback (most recent call last)")
        return [f"{self._log.parent.name}: Traceback{each[:2000]}" for each in failures]


class Scene:
    """One xucd beside one Asterisk, with phones, callers, pages and a foreign program."""

    def __init__(self, xucd: Xucd, phones: Phones, panel: Panel) -> None:
        self.xucd, self.phones, self.panel, self.pbx = xucd, phones, panel, xucd.pbx
        self.pages: dict[str, Client] = {}
        self.silent: Client  # see `answers.read`
        self.callers: dict[str, Leg] = {}
        self.placed: dict[str, list[Leg]] = {number: [] for number in LINES}
        self.either: set[str] = (
            set()
        )  # Call-IDs of pick-ups, parked calls taken back, calls before a kill
        self.held: set[str] = set()
        self.unsure: set[str] = set()
        self.unregistered: set[str] = set()
        self.troubles: list[str] = []
        self.stories = answers.Stories()
        self.kills = 0
        self.down: list[tuple[float, float]] = []  # from when to when xucd was, in epoch seconds
        self.takings = 0  # callers that a program may have taken out of a queue to somebody
        self.bursts = self.compared = 0
        self.log_from = 0  # the row of Asterisk's queue_log at which this begins
        self._failures = LoggedFailures(xucd)
        self.listed = Listed()
        self.configured = ("", "")  # the member that queues.conf has, the queue that it lacks
        self._queues_conf = ""
        self._told: dict[str, set[str]] = {"Hold": set(), "Mute": set(), "Transfer": set()}
        self._reader = Reader(panel)
        self._background: set[asyncio.Task[None]] = set()
        panel.listeners.append(self._hear)

    async def __aenter__(self) -> Self:
        await self._feature("tTkK")
        await self._open()
        await self.look()
        self._queues_conf = await asyncio.to_thread(self.pbx.read, QUEUES_CONF)
        log = await asyncio.to_thread(self.pbx.read, QUEUE_LOG)
        self.log_from = len(log.splitlines())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.panel.listeners.remove(self._hear)
        await self._feature("")
        if self.configured != ("", ""):
            await self.configure("", "")
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._close()

    async def _feature(self, options: str) -> None:
        """Let phones and programs transfer by Asterisk's features, or not."""
        await self.panel.ask("Setvar", Variable="FEATURES", Value=options)

    async def _open(self) -> None:
        self.stories.new_pages()
        self.pages = {login: await self.xucd.client(login) for login in answers.PAGES}
        self.silent = await self.xucd.client(answers.ADMIN)
        await answers.open_pages(self.pages)
        await answers.open_pages({answers.ADMIN: self.silent})

    async def _close(self) -> None:
        await asyncio.gather(*(page.close() for page in (*self.pages.values(), self.silent)))

    def _hear(self, block: Block) -> None:
        key = block.event, block["State"] or block["Result"]
        if key in _BEGIN_OR_END:
            what, begins, field = _BEGIN_OR_END[key]
            (self._told[what].add if begins else self._told[what].discard)(block[field])

    # -- looking

    @property
    def heard(self) -> int:
        """How many events have changed something."""
        return self.panel.heard

    async def logged(self) -> list[str]:
        """The rows of Asterisk's queue_log since this began."""
        log = await asyncio.to_thread(self.pbx.read, QUEUE_LOG)
        return log.splitlines()[self.log_from :]

    async def look(self) -> Listed:
        """Read what Asterisk lists now."""
        self.listed = await self._reader.read()
        return self.listed

    def known(self) -> Known:
        """What the actors know of the calls there are."""
        rung = {leg.call_id: leg for number in LINES for leg in self.phone(number).legs}
        clicked = {
            each
            for each, leg in rung.items()
            if leg.other_name == CRM and leg.other_number == leg.number
        }
        clicked |= {
            each.call_id
            for each in self.listed.channels
            if each.unique_id.startswith(DIALLED_BY_XUCD)
        }
        placed = {leg.call_id for legs in self.placed.values() for leg in legs}
        return Known(
            incoming=frozenset(rung.keys() - clicked - self.either),
            outgoing=frozenset((placed | clicked) - self.either),
            held=frozenset(self._told["Hold"]),
            unsure=frozenset(self.unsure),
            handed=frozenset(self._told["Transfer"]),
            muted=frozenset(self._told["Mute"]),
        )

    def phone(self, number: str) -> Phone:
        return self.phones.phone(number)

    def ringing(self, number: str) -> Leg | None:
        """The call that rings a phone, or None."""
        for leg in self.phone(number).legs:
            if leg.rang_at and not leg.answered_at and not leg.ended_at:
                return leg
        return None

    def rung(self, number: str) -> list[Leg]:
        """The calls that a phone has answered and not ended."""
        return [leg for leg in self.phone(number).legs if leg.answered_at and not leg.ended_at]

    def out(self, number: str) -> list[Leg]:
        """The calls that a phone has placed and not ended."""
        return [leg for leg in self.placed.get(number, []) if not leg.ended_at]

    def talking(self, number: str) -> list[Leg]:
        """All calls by which a phone talks."""
        return self.rung(number) + [leg for leg in self.out(number) if leg.answered_at]

    def busy(self, number: str) -> bool:
        return bool(self.ringing(number) or self.talking(number) or self.out(number))

    def calling(self) -> list[str]:
        """The outside callers who have a call."""
        return [number for number, leg in self.callers.items() if not leg.ended_at]

    def waiting(self) -> list[tuple[str, str, str]]:
        """Queue, number and channel of each outside caller who waits in a queue."""
        return [
            (queue, block["CallerIDNum"], block["Channel"])
            for queue, blocks in sorted(self.listed.callers.items())
            for block in blocks
            if block["CallerIDNum"] in self.callers
        ]

    def channel(self, leg: Leg) -> Channel | None:
        """Asterisk's channel of a SIP call, as it was listed last."""
        return next((each for each in self.listed.channels if each.call_id == leg.call_id), None)

    def states(self) -> dict[int, str]:
        """The state of each agent, as pages were told last."""
        found: dict[int, str] = {}
        for frame in self.pages[answers.ADMIN].frames:
            if frame.type == "AgentStateEvent":
                found[frame.body["agentId"]] = frame.body["name"]
        return found

    def tracebacks(self) -> list[str]:
        """What xucd has logged of its own failures since the last look."""
        return self._failures.new()

    # -- acting

    def call(self, number: str, caller: str) -> Leg:
        """Place a call from the outside world."""
        return self.phones.dial(number, caller_number=caller)

    def dial(self, number: str, phone: str, either: bool = False) -> Leg:
        """Place a call from one of the PBX's phones."""
        leg = self.phones.dial(number, phone=phone)
        self.placed[phone].append(leg)
        if either:
            self.either.add(leg.call_id)
        return leg

    def begin(self, task: Coroutine[Any, Any, object]) -> asyncio.Task[None]:
        """Let something go on beside what follows."""

        async def run() -> None:
            with contextlib.suppress(*MISHAPS):
                await task

        begun = asyncio.create_task(run())
        self._background.add(begun)
        begun.add_done_callback(self._background.discard)
        return begun

    async def say(self, login: str, command: str, **arguments: Any) -> None:
        """A page's command. It may be refused for what is; that it fails is a difference."""
        try:
            async with asyncio.timeout(COMMAND):
                await self.pages[login].ask(command, **arguments)
        except TimeoutError:
            self.troubles.append(f"command: no answer to {login}'s {command} {arguments}")
        except Refused as refused:
            if refused.code in FAILED:
                self.troubles.append(f"command: {refused.code} of {login}'s {command} {arguments}")

    async def cli(self, command: str) -> None:
        """A command by `asterisk -rx`, whatever it answers."""
        await asyncio.to_thread(self.pbx.cli, command)

    async def configure(self, member: str, missing: str) -> None:
        """Let queues.conf have this member, in billing, and lack this queue."""
        head = "[billing](xucd-queue)\n"
        text = self._queues_conf.replace(f"[{missing}](", f"[no-{missing}](")
        if member:
            text = text.replace(head, f"{head}member => {member}\n")
        await asyncio.to_thread(self.pbx.write, QUEUES_CONF, text)
        await self.cli("module reload app_queue.so")
        self.configured = member, missing

    async def kill(self) -> None:
        """Kill xucd, start it again, and open the pages anew."""
        begun = time.time()
        await self.xucd.stop(signal.SIGKILL)
        await self._close()
        await self.xucd.start()
        await self._open()
        self.was_killed(begun)

    async def reopen_pages(self) -> None:
        """Open the pages anew: what they were linked to has ended."""
        await self._close()
        await self._open()

    def was_killed(self, begun: float) -> None:
        """xucd was killed at this moment, in epoch seconds, and is there again now."""
        self.down.append((begun, time.time()))
        self.kills += 1
        # No list says who is on hold, nor who called whom before a call was handed on.
        self.unsure |= {leg.call_id for number in LINES for leg in self.talking(number)}
        self.either |= self.unsure

    async def end(self) -> None:
        """End all calls, and register all phones again."""
        await asyncio.to_thread(self.pbx.cli, "channel request hangup all")
        if self.unregistered:
            await self.phones.register(*sorted(self.unregistered))
            self.unregistered.clear()

    async def empty_queues(self) -> None:
        """Take every dynamic member out of every queue."""
        for member in (await self.look()).members:
            await self.panel.ask("QueueRemove", Queue=member.queue, Interface=member.interface)
