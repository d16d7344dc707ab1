"""`xucd check`: finds what Asterisk's configuration lacks for xucd, and says how to fix it.

Asterisk tells no manager user its read classes, so the check causes harmless events and tests which
arrive: it sets and empties the global variables `XUCD_CHECK` and `CHECK_OF_FILTERS`, adds a paused
member to a queue and removes it at once, calls a number that does not exist, and runs the end of
`xucd-callback`. The write classes show in the list of the user's actions. An action that is missing
although the user has its class means a missing module.
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
from xucd.ami.connection import AmiSettings, log_in
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
    as_text,
    check_write_classes,
    dialplan_outdated,
    filter_outdated,
    lines_missing,
    lines_unregistered,
    module_missing,
    read_class_missing,
    read_class_unchecked,
)

EVENT_TIMEOUT = 1.0
"""Seconds to wait for an event that should arrive, and again after the answer to a `Ping`."""


class AgiSettings(Protocol):
    """The address for the dialplan's FastAGI requests."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


_AGI = re.compile(r"agi://([^/:]+)(?::(\d+))?")


async def check(
    ami: AmiSettings,
    agi: AgiSettings,
    queues: Iterable[str] = (),
    interfaces: Iterable[str] = (),
    *,
    originate: bool = True,
) -> list[Finding]:
    """Connect to Asterisk and check it; returns an empty list when there is no problem.

    `queues` are the names of the configured queues, `interfaces` what their lines ring;
    `originate` is false when all features that originate calls are switched off.
    """
    findings = []
    if not ami.secret or ami.secret.lower() in WELL_KNOWN_SECRETS:
        findings.append(
            Finding(
                "WeakSecret",
                "error",
                "ami.secret is empty or a well-known default",
                f"set a long random secret in xucd.toml and in manager.conf; {RELOAD}",
            )
        )
    events = _Events()
    try:
        manager = await connect(ami, events.add)
    except AmiError as error:
        return [*findings, _unreachable(ami, error)]
    try:
        await log_in(manager, ami)
        checker = _Checker(manager, ami.action_timeout, events)
        findings += [finding async for finding in checker.findings(agi, set(queues), originate)]
        findings += [finding async for finding in checker.check_lines(list(interfaces))]
    except LoginRefused as error:
        findings.append(
            Finding(
                "LoginRefused",
                "error",
                error.text,
                f"set the same user and secret in manager.conf and xucd.toml; {RELOAD}",
            )
        )
    except AmiError as error:
        # The reason why the connection ended says more than "connection lost".
        lost = manager.lost.result() if manager.lost.done() else None
        findings.append(_unreachable(ami, lost or error))
    finally:
        manager.close()
    return findings


def _unreachable(ami: AmiSettings, error: AmiError) -> Finding:
    return Finding(
        "CannotConnect",
        "error",
        f"cannot connect to Asterisk's manager at {ami.host}:{ami.port} ({error.text})",
        "start Asterisk; in manager.conf under [general], set enabled=yes, and bindaddr and port to"
        " the values of ami.host and ami.port in xucd.toml",
    )


class _Events:
    """All events that have arrived."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._added = asyncio.Event()

    def add(self, raw: bytes) -> None:
        """Add a block, if it is an event."""
        if name_of(raw):
            self._blocks.append(parse(raw))
            self._added.set()

    def contain(self, matches: Callable[[Block], bool]) -> bool:
        """Whether a matching event has arrived."""
        return any(map(matches, self._blocks))

    async def arrives(self, matches: Callable[[Block], bool]) -> bool:
        """Whether a matching event has arrived or does so within `EVENT_TIMEOUT`."""
        try:
            async with asyncio.timeout(EVENT_TIMEOUT):
                while not self.contain(matches):
                    self._added.clear()
                    await self._added.wait()
        except TimeoutError:
            return False
        return True


class _Checker:
    """Checks Asterisk through a connection that is logged in."""

    def __init__(self, manager: ManagerProtocol, timeout: float, events: _Events) -> None:
        self._manager = manager
        self._timeout = timeout
        self._events = events

    async def _query(self, action: Action) -> list[Block]:
        return await self._manager.query(action, self._timeout)

    async def _arrives(self, matches: Callable[[Block], bool]) -> bool:
        """Whether a matching event has arrived or does so in time.

        Time passes on a machine that stands still, too. So a missing event counts only after
        Asterisk has shown by an answer that it is at work.
        """
        if await self._events.arrives(matches):
            return True
        await self._query(actions.ping())
        return await self._events.arrives(matches)

    async def findings(
        self, agi: AgiSettings, queues: set[str], originate: bool
    ) -> AsyncIterator[Finding]:
        if not await self._arrives(lambda event: event["Event"] == "FullyBooted"):
            yield read_class_missing("system", "start, stop and reload of Asterisk")
        (commands,) = await self._query(actions.list_commands())
        for finding in check_write_classes(commands, originate):
            yield finding
        async for finding in self._check_modules(commands):
            yield finding
        if "ShowDialPlan" in commands:
            async for finding in self._check_dialplan(agi, originate):
                yield finding
        known: set[str] = set()
        if "QueueStatus" in commands:
            blocks = await self._query(actions.queue_status())
            known = {block["Queue"] for block in blocks if block.get("Event") == "QueueParams"}
            for queue in sorted(queues - known):
                yield Finding(
                    "QueueUnknown",
                    "error",
                    f"Asterisk has no queue {queue}, which is configured in xucd",
                    f"add [{queue}](xucd-queue) to queues.conf;"
                    ' then run asterisk -rx "queue reload all"',
                )
        async for finding in self._check_events(commands, sorted(queues & known or known)):
            yield finding

    async def _check_modules(self, commands: Block) -> AsyncIterator[Finding]:
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
                "without func_module, it is unknown whether these modules are loaded: "
                + ", ".join(module for module, _, _ in MODULES_BY_NAME),
                "load func_module, or run asterisk -rx 'module show'",
            )
            return
        for module, level, use in MODULES_BY_NAME:
            if not await self._loaded(module):
                yield module_missing(module, level, use)

    async def _loaded(self, module: str) -> bool:
        (answer,) = await self._query(actions.getvar(f"IFMODULE({module}.so)"))
        return answer.get("Value") == "1"

    async def _check_dialplan(self, agi: AgiSettings, originate: bool) -> AsyncIterator[Finding]:
        for context in CONTEXTS:
            if context.originates and not originate:
                continue
            try:
                steps = await self._query(actions.show_dialplan(context.name))
            except Rejected:
                yield Finding(
                    "ContextMissing",
                    context.level,
                    f"the dialplan has no context {context.name}, which is needed for"
                    f" {context.use}",
                    'add #include "xucd/extensions.conf" to extensions.conf;'
                    ' then run asterisk -rx "dialplan reload"',
                )
                continue
            data = [step.get("AppData", "") for step in steps]
            if context.name == "xucd-sub-wrap" and not any(WRAPUP_REASON in item for item in data):
                yield Finding(
                    "WrapupContext",
                    "error",
                    f"{context.name} does not pause the agent with the reason {WRAPUP_REASON}",
                    "use the context of xucd's extensions.conf unchanged",
                )
            elif context.name == "xucd-sub-wrap" and not any("MEMBERNAME" in item for item in data):
                yield dialplan_outdated(context.name)
            for host, port in {found for item in data for found in _AGI.findall(item)}:
                if int(port or 4573) != agi.port or host not in (agi.host, "localhost"):
                    yield Finding(
                        "AgiElsewhere",
                        "warning",
                        f"{context.name} sends requests to agi://{host}:{port or 4573},"
                        f" but xucd listens on {agi.host}:{agi.port}",
                        "set the same address in extensions.conf and under [agi] in xucd.toml",
                    )

    async def check_lines(self, interfaces: list[str]) -> AsyncIterator[Finding]:
        """Look whether Asterisk has each line's device, and whether its phone is registered.

        Asterisk lists the devices whose state it has been told, as that of every PJSIP endpoint
        is. Those of others it finds out when it is asked for one, by func_devstate; without that,
        a Local channel's cannot be known.
        """
        (commands,) = await self._query(actions.list_commands())
        if not interfaces or "DeviceStateList" not in commands:
            return  # a missing right or module has a finding of its own
        blocks = await self._query(actions.device_state_list())
        states = {
            block["Device"]: block["State"]
            for block in blocks
            if block.get("Event") == "DeviceStateChange"
        }
        if "Getvar" in commands and await self._loaded("func_devstate"):
            for interface in interfaces:
                if interface not in states:
                    (answer,) = await self._query(actions.getvar(f"DEVICE_STATE({interface})"))
                    states[interface] = answer.get("Value", "")
        missing = [
            interface
            for interface in interfaces
            if states.get(interface, "" if interface.startswith("Local/") else "INVALID")
            == "INVALID"
        ]
        if missing:
            yield lines_missing(missing)
        unregistered = [name for name in interfaces if states.get(name) == "UNAVAILABLE"]
        if unregistered:
            yield lines_unregistered(unregistered)

    async def _check_events(self, commands: Block, queues: list[str]) -> AsyncIterator[Finding]:
        """Cause events and test which arrive."""
        if "Setvar" in commands:
            mark = f"{time.time_ns()}"
            await self._query(actions.setvar("CHECK_OF_FILTERS", mark))
            await self._query(actions.setvar("XUCD_CHECK", mark))
            if not await self._arrives(_variable("XUCD_CHECK", mark)):
                yield read_class_missing("dialplan", "call variables, XUCD_… and USR_…")
            elif self._events.contain(_variable("CHECK_OF_FILTERS", mark)):
                # Set first, so it has arrived first.
                yield Finding(
                    "EventsUnfiltered",
                    "warning",
                    "Asterisk sends all events, about five times as many as xucd reads",
                    "copy the eventfilter lines of xucd's manager.conf to the user (Asterisk 16"
                    f" silently ignores the newer form eventfilter(…)=); {RELOAD}",
                )
            await self._query(actions.setvar("CHECK_OF_FILTERS", ""))
            await self._query(actions.setvar("XUCD_CHECK", ""))
        else:
            yield read_class_unchecked("dialplan")
        async for finding in self._check_calls(commands):
            yield finding
        if queues and "QueueAdd" in commands:
            interface = "Local/s@xucd-check"
            member = AddMember(queues[0], interface, "xucd-check", 0, paused=True)
            try:
                await self._query(for_intent(member))
            except Rejected as error:
                if error.code != "AlreadyMember":  # left by a check that was killed here
                    raise
            await self._query(for_intent(RemoveMember(queues[0], interface)))
            if not await self._arrives(
                lambda event: (
                    event["Event"] == "QueueMemberRemoved" and event.get("Interface") == interface
                )
            ):
                yield read_class_missing("agent", "queues and their members")
        else:
            yield read_class_unchecked("agent")

    async def _check_calls(self, commands: Block) -> AsyncIterator[Finding]:
        """Cause a call and test whether its events arrive."""
        if "Originate" in commands:
            await self._query(actions.originate_nowhere())
            if not await self._arrives(
                lambda event: (
                    event["Event"] == "Newchannel" and "s@xucd-check" in event.get("Channel", "")
                )
            ):
                yield read_class_missing("call", "calls")
            elif not await self._hangup_requests_arrive():
                yield filter_outdated()
        else:
            yield read_class_unchecked("call")

    async def _hangup_requests_arrive(self) -> bool:
        """Whether the newest of the events do: Asterisk announces a channel's end.

        True where the dialplan lacks what would cause them, which is a finding of its own.
        """
        await self._query(actions.originate_end())
        if await self._arrives(_of_end("SoftHangupRequest", "Channel")):
            return True
        return not self._events.contain(_of_end("DialEnd", "DestChannel"))


def _variable(name: str, value: str) -> Callable[[Block], bool]:
    return lambda event: (
        event["Event"] == "VarSet" and event.get("Variable") == name and event.get("Value") == value
    )


def _of_end(name: str, header: str) -> Callable[[Block], bool]:
    return lambda event: event["Event"] == name and "h@xucd-callback" in event.get(header, "")


def run(settings: Settings, exposed: Iterable[str] = ()) -> int:
    """Check and print. Returns 0 when there is no error, else 1.

    `exposed` are sentences about secrets that all can read, each with its remedy after a colon.
    """
    findings = []
    for sentence in exposed:
        problem, _, remedy = sentence.partition(": ")
        findings.append(Finding("SecretExposed", "warning", problem, remedy))
    queues: list[str] = []
    interfaces: list[str] = []
    try:
        queues, interfaces = _configured(settings.store.url)
    except StoreError as error:
        findings.append(
            Finding(
                "QueuesUnchecked",
                "note",
                f"the queues and lines configured in xucd could not be read ({error})",
                "run xucd center apply FILE",
            )
        )
    originate = settings.features.listen or settings.features.dial or settings.features.callbacks
    findings += asyncio.run(
        check(settings.ami, settings.agi, queues, interfaces, originate=originate)
    )
    print(as_text(findings))
    return int(any(finding.level == "error" for finding in findings))


def _configured(url: str) -> tuple[list[str], list[str]]:
    """The names of the queues and the interfaces of the lines that are configured."""
    file = make_url(url).database or ""
    if url.startswith("sqlite") and not Path(file).exists():
        raise StoreError(
            f"no file {file}"
        )  # opening it would create one, owned by the current user
    store = Store(url)
    try:
        directory = store.directory()
        return list(directory.queue_by_name), list(directory.line_by_device)
    finally:
        store.close()
