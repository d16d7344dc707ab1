"""`xucd check`: what Asterisk still lacks for xucd, and how to mend it.

Asterisk tells no manager user what it may hear, so the check listens: it makes harmless events and
sees which arrive. It sets and empties the global variables `XUCD_CHECK` and `CHECK_OF_FILTERS`, has
a paused member join a queue and leave it at once, and calls a number that does not exist. What the
user may do is read off the list of its actions; a missing one of a class that it has means a
missing module.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from xucd.ami import actions
from xucd.ami.actions import Action, for_intent
from xucd.ami.connection import AmiSettings, sign_in
from xucd.ami.errors import AmiError, LoginRefused, Rejected
from xucd.ami.framing import Block, name_of, parse
from xucd.ami.protocol import ManagerProtocol, connect
from xucd.center.intents import WRAPUP_REASON, AddMember, RemoveMember
from xucd.config.settings import WELL_KNOWN_SECRETS, Settings
from xucd.store import Store
from xucd.store.errors import StoreError
from xucd.tools.checks import (
    CONTEXTS,
    MODULES_BY_ACTION,
    MODULES_BY_NAME,
    RELOAD,
    Finding,
    module_missing,
    rights,
    shown,
    unheard,
    unprobed,
)

PATIENCE = 2.0
"""Seconds to wait for an event that ought to come."""


class AgiSettings(Protocol):
    """Where the dialplan's FastAGI requests have to go."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


_AGI = re.compile(r"agi://([^/:]+)(?::(\d+))?")


async def check(
    ami: AmiSettings,
    agi: AgiSettings,
    queues: Iterable[str] = (),
    *,
    originate: bool = True,
) -> list[Finding]:
    """Connect, and say what is missing; an empty list when all is well.

    `queues` are the queues' names as configured; without `originate`, features that need that
    right are switched off.
    """
    findings = []
    if not ami.secret or ami.secret.lower() in WELL_KNOWN_SECRETS:
        findings.append(
            Finding(
                "WeakSecret",
                "error",
                "ami.secret is empty or one that everybody knows",
                f"choose a long random one, in xucd.toml and in manager.conf; {RELOAD}",
            )
        )
    ear = _Ear()
    try:
        connection = await connect(ami.host, ami.port, ami.action_timeout, ear)
    except AmiError as error:
        return [*findings, _unreachable(ami, error)]
    try:
        await sign_in(connection, ami)
        session = _Session(connection, ami.action_timeout, ear)
        findings += [finding async for finding in session.findings(agi, set(queues), originate)]
    except LoginRefused as error:
        findings.append(
            Finding(
                "LoginRefused",
                "error",
                error.text,
                f"make the user and its secret in manager.conf those of xucd.toml; {RELOAD}",
            )
        )
    except AmiError as error:
        # What went wrong on the wire says more than that the link is gone.
        lost = connection.lost.result() if connection.lost.done() else None
        findings.append(_unreachable(ami, lost or error))
    finally:
        connection.close()
    return findings


def _unreachable(ami: AmiSettings, error: AmiError) -> Finding:
    return Finding(
        "CannotConnect",
        "error",
        f"no Asterisk manager at {ami.host}:{ami.port} ({error.text})",
        "start Asterisk; in manager.conf say enabled=yes, and under [general] bindaddr and port"
        " as ami.host and ami.port in xucd.toml",
    )


class _Ear:
    """Remembers every event that arrives."""

    def __init__(self) -> None:
        self._heard: list[Block] = []
        self._news = asyncio.Event()

    def __call__(self, raw: bytes) -> None:
        if name_of(raw):
            self._heard.append(parse(raw))
            self._news.set()

    def has(self, wanted: Callable[[Block], bool]) -> bool:
        return any(map(wanted, self._heard))

    async def until(self, wanted: Callable[[Block], bool]) -> bool:
        """Whether the event came, waiting for it no longer than `PATIENCE`."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.has(wanted):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


class _Session:
    """One signed-in connection, asked for everything in turn."""

    def __init__(self, connection: ManagerProtocol, timeout: float, ear: _Ear) -> None:
        self._connection = connection
        self._timeout = timeout
        self._ear = ear

    async def _query(self, action: Action) -> list[Block]:
        return await self._connection.query(action, self._timeout)

    async def findings(
        self, agi: AgiSettings, queues: set[str], originate: bool
    ) -> AsyncIterator[Finding]:
        if not await self._ear.until(lambda event: event["Event"] == "FullyBooted"):
            yield unheard("system", "that Asterisk has started, stops or reloads")
        (commands,) = await self._query(actions.list_commands())
        for finding in rights(commands, originate):
            yield finding
        async for finding in self._modules(commands):
            yield finding
        if "ShowDialPlan" in commands:
            async for finding in self._dialplan(agi, originate):
                yield finding
        known: set[str] = set()
        if "QueueStatus" in commands:
            blocks = await self._query(actions.queue_status())
            known = {block["Queue"] for block in blocks if block.get("Event") == "QueueParams"}
            for queue in sorted(queues - known):
                yield Finding(
                    "QueueUnknown",
                    "error",
                    f"Asterisk has no queue {queue}, which the contact centre has",
                    f"add [{queue}](xucd-queue) to queues.conf;"
                    ' then run asterisk -rx "queue reload all"',
                )
        async for finding in self._events(commands, sorted(queues & known or known)):
            yield finding

    async def _modules(self, commands: Block) -> AsyncIterator[Finding]:
        for action, needs, module, level in MODULES_BY_ACTION:
            shown = {"call": "Redirect", "reporting": "CoreShowChannels"}.get(needs or "")
            if action not in commands and (shown is None or shown in commands):
                yield module_missing(module, level, action)
        if "Getvar" not in commands:
            return
        if await self._loaded("func_module") is not True:
            yield Finding(
                "ModulesUnchecked",
                "note",
                "whether res_agi, app_stack, app_chanspy and others are there cannot be seen",
                "load func_module, or look at asterisk -rx 'module show'",
            )
            return
        for module, level, use in MODULES_BY_NAME:
            if not await self._loaded(module):
                yield module_missing(module, level, use)

    async def _loaded(self, module: str) -> bool:
        (answer,) = await self._query(actions.getvar(f"IFMODULE({module}.so)"))
        return answer.get("Value") == "1"

    async def _dialplan(self, agi: AgiSettings, originate: bool) -> AsyncIterator[Finding]:
        for context, level, use in CONTEXTS:
            if use in ("dialling from a queue", "playing callers' messages") and not originate:
                continue
            try:
                steps = await self._query(actions.show_dialplan(context))
            except Rejected:
                yield Finding(
                    "ContextMissing",
                    level,
                    f"the dialplan has no context {context}: needed for {use}",
                    'add #include "xucd/extensions.conf" to extensions.conf;'
                    ' then run asterisk -rx "dialplan reload"',
                )
                continue
            data = [step.get("AppData", "") for step in steps]
            if context == "xucd-sub-wrap" and not any(WRAPUP_REASON in item for item in data):
                yield Finding(
                    "WrapupContext",
                    "error",
                    f"{context} does not pause the agent with the reason {WRAPUP_REASON}",
                    "take the context from xucd's extensions.conf as it is",
                )
            for host, port in {found for item in data for found in _AGI.findall(item)}:
                if int(port or 4573) != agi.port or host not in (agi.host, "localhost"):
                    yield Finding(
                        "AgiElsewhere",
                        "warning",
                        f"{context} asks agi://{host}:{port or 4573},"
                        f" but xucd listens on {agi.host}:{agi.port}",
                        "make the address in extensions.conf and [agi] in xucd.toml the same",
                    )

    async def _events(self, commands: Block, queues: list[str]) -> AsyncIterator[Finding]:
        """Make events and see which arrive."""
        if "Setvar" in commands:
            mark = f"{time.time_ns()}"
            await self._query(actions.setvar("CHECK_OF_FILTERS", mark))
            await self._query(actions.setvar("XUCD_CHECK", mark))
            if not await self._ear.until(_variable("XUCD_CHECK", mark)):
                yield unheard("dialplan", "the variables of a call, XUCD_… and USR_…")
            elif self._ear.has(_variable("CHECK_OF_FILTERS", mark)):
                # Set first, so it would have arrived first.
                yield Finding(
                    "EventsUnfiltered",
                    "warning",
                    "Asterisk sends all of its events, about five times as many as xucd reads",
                    "put the eventfilter lines of xucd's manager.conf under the user. Asterisk 16"
                    f" ignores the newer form eventfilter(…)= without a word; {RELOAD}",
                )
            await self._query(actions.setvar("CHECK_OF_FILTERS", ""))
            await self._query(actions.setvar("XUCD_CHECK", ""))
        else:
            yield unprobed("dialplan")
        if "Originate" in commands:
            await self._query(actions.originate_nowhere())
            if not await self._ear.until(
                lambda event: (
                    event["Event"] == "Newchannel" and "s@xucd-check" in event.get("Channel", "")
                )
            ):
                yield unheard("call", "calls")
        else:
            yield unprobed("call")
        if queues and "QueueAdd" in commands:
            interface = "Local/s@xucd-check"
            member = AddMember(queues[0], interface, "xucd-check", 0, paused=True)
            try:
                await self._query(for_intent(member))
            except Rejected as error:
                if error.code != "AlreadyMember":  # left by a check that was killed right here
                    raise
            await self._query(for_intent(RemoveMember(queues[0], interface)))
            if not await self._ear.until(
                lambda event: (
                    event["Event"] == "QueueMemberRemoved" and event.get("Interface") == interface
                )
            ):
                yield unheard("agent", "queues and their agents")
        else:
            yield unprobed("agent")


def _variable(name: str, value: str) -> Callable[[Block], bool]:
    return lambda event: (
        event["Event"] == "VarSet" and event.get("Variable") == name and event.get("Value") == value
    )


def run(settings: Settings) -> int:
    """Check and print. Returns 0 when there is no error, else 1."""
    findings = []
    queues: list[str] = []
    try:
        queues = _queues(settings.store.url)
    except StoreError as error:
        findings.append(
            Finding(
                "QueuesUnchecked",
                "note",
                f"the contact centre's queues are not known ({error})",
                "run xucd center apply FILE first",
            )
        )
    originate = settings.features.listen or settings.features.dial or settings.features.callbacks
    findings += asyncio.run(check(settings.ami, settings.agi, queues, originate=originate))
    print(shown(findings))
    return int(any(finding.level == "error" for finding in findings))


def _queues(url: str) -> list[str]:
    file = make_url(url).database or ""
    if url.startswith("sqlite") and not Path(file).exists():
        raise StoreError(f"no file {file}")  # to look would make one, owned by whoever looks
    store = Store(url)
    try:
        return list(store.directory().queue_by_name)
    finally:
        store.close()
