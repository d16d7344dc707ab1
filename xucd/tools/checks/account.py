"""The AMI account and what it shows: rights, event classes, filters, and modules of Asterisk.

Asterisk tells no manager user its read classes, so harmless events are caused, and what arrives is
looked at: the global variables `XUCD_CHECK` and `CHECK_OF_FILTERS` are set and emptied, a paused
member is added to a queue and removed at once, a number is called that does not exist, and the
end of `xucd-callback` is run. The write classes show in the list of the user's actions. An action
that is missing although the user has its class means a missing module.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

from xucd.ami import actions
from xucd.ami.actions import for_intent
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block, name_of, parse
from xucd.center.intents import AddMember, RemoveMember
from xucd.tools.checks import MANAGER_RELOAD, Finding, Level
from xucd.tools.checks.subject import Subject
from xucd.tools.discovery import Query

# Write class, an action that Asterisk lists only with this class, and what xucd needs it for.
WRITE_CLASSES = (
    ("call", "Redirect", "to read and set variables, wake waiting callers and pause recordings"),
    ("reporting", "CoreShowChannels", "to list channels and devices when it connects"),
)

# Action, the write class without which Asterisk does not list it, its module, and the level.
MODULES_BY_ACTION: tuple[tuple[str, str | None, str, Level], ...] = (
    ("QueueStatus", None, "app_queue", "error"),
    ("ShowDialPlan", "reporting", "pbx_config", "error"),
    ("PlayDTMF", "call", "app_senddtmf", "warning"),
    ("MixMonitorMute", "call", "app_mixmonitor", "warning"),
)

# Modules without an action of their own: module, level, and what needs it.
MODULES_BY_NAME: tuple[tuple[str, Level, str], ...] = (
    ("app_stack", "error", "Gosub in the dialplan"),
    ("res_agi", "warning", "customer data and dialling from a queue"),
    ("app_chanspy", "warning", "listening to agents"),
    ("chan_pjsip", "warning", "agents on PJSIP phones"),
    ("app_read", "warning", "callbacks requested by callers"),
    ("app_record", "warning", "callbacks requested by callers"),
    ("func_env", "warning", "callers' voice messages"),
)

# Write classes that xucd never uses, and an action that Asterisk lists only with them.
EXCESS = (("command", "Command"), ("config", "GetConfig"), ("system", "ModuleLoad"))


def check_write_classes(commands: Block, originate: bool) -> Iterator[Finding]:
    """The write classes that the manager user lacks or should not have, by its list of actions."""
    classes = [*WRITE_CLASSES]
    if "QueueStatus" in commands:  # without app_queue, no action shows the class
        classes.append(("agent", "QueueAdd", "to log agents in and out and pause them"))
    if originate:
        classes.append(
            ("originate", "Originate", "for listening and dialling, unless these are switched off")
        )
    for right, action, use in classes:
        if action not in commands:
            yield Finding(
                f"Write{right.title()}Missing",
                "warning" if right == "originate" else "error",
                f"the manager user lacks write={right}, which xucd needs {use}",
                f"add {right} to write= of the user in manager.conf; {MANAGER_RELOAD}",
            )
    for right, action in EXCESS:
        if action in commands:
            yield Finding(
                "ExcessRights",
                "warning",
                f"the manager user has write={right}, which xucd never uses",
                f"remove {right} from write= of the user in manager.conf; {MANAGER_RELOAD}",
            )


def read_class_missing(right: str, what: str) -> Finding:
    """An event of a read class was caused and did not arrive."""
    return Finding(
        f"Read{right.title()}Missing",
        "error",
        f"the manager user receives no events of the class {right} ({what})",
        f"add {right} to read= of the user in manager.conf, and give it the eventfilter lines of"
        f" xucd's manager.conf; {MANAGER_RELOAD}",
    )


def read_class_unchecked(right: str) -> Finding:
    """A read class could not be tested, because another right is missing."""
    return Finding(
        f"Read{right.title()}Unchecked",
        "note",
        f"read={right} could not be tested, because the manager user lacks another right",
        f"make sure that read= of the user in manager.conf contains {right}",
    )


def filter_outdated() -> Finding:
    """Events arrive, but not all that this version of xucd reads."""
    return Finding(
        "FilterOutdated",
        "warning",
        "the eventfilter lines of the manager user are of an older xucd: a caller who hangs up, a"
        " call that is picked up and queues that come or go are noticed late or not at all",
        f"replace them by the eventfilter lines of this version's manager.conf; {MANAGER_RELOAD}",
    )


def module_missing(module: str, level: Level, use: str) -> Finding:
    """A module of Asterisk's is not loaded."""
    return Finding(
        "ModuleMissing",
        level,
        f"Asterisk has not loaded {module}, which is needed for {use}",
        f'run asterisk -rx "module load {module}",'
        " and make sure that modules.conf does not exclude it",
    )


class HeardEvents:
    """All events that have arrived. Each is waited for `patience` seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
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
        """Whether a matching event has arrived or does so in time."""
        try:
            async with asyncio.timeout(self._patience):
                while not self.contain(matches):
                    self._added.clear()
                    await self._added.wait()
        except TimeoutError:
            return False
        return True

    async def arrives_alive(self, matches: Callable[[Block], bool], query: Query) -> bool:
        """Whether a matching event has arrived or does so in time.

        Time passes on a machine that stands still, too. So a missing event counts only after
        Asterisk has shown by an answer that it is at work.
        """
        if await self.arrives(matches):
            return True
        await query(actions.ping())
        return await self.arrives(matches)


async def rights(subject: Subject) -> AsyncIterator[Finding]:
    """The write classes that the manager user lacks or should not have."""
    for finding in check_write_classes(subject.commands, subject.scope.originate):
        yield finding


async def modules(subject: Subject) -> AsyncIterator[Finding]:
    """Modules that Asterisk has not loaded."""
    for action, needs, module, level in MODULES_BY_ACTION:
        shown = {"call": "Redirect", "reporting": "CoreShowChannels"}.get(needs or "")
        if not subject.may(action) and (shown is None or subject.may(shown)):
            yield module_missing(module, level, action)
    if not subject.may("Getvar"):
        return
    if not await subject.loaded("func_module"):
        yield Finding(
            "ModulesUnchecked",
            "note",
            "without func_module, it is unknown whether these modules are loaded: "
            + ", ".join(module for module, _, _ in MODULES_BY_NAME),
            "load func_module, or run asterisk -rx 'module show'",
        )
        return
    for module, level, use in MODULES_BY_NAME:
        if not await subject.loaded(module):
            yield module_missing(module, level, use)


async def events(subject: Subject, heard: HeardEvents) -> AsyncIterator[Finding]:
    """Cause events and test which arrive."""
    if not await heard.arrives_alive(lambda event: event["Event"] == "FullyBooted", subject.query):
        yield read_class_missing("system", "start, stop and reload of Asterisk")
    for check in (_variables, _calls, _members):
        async for finding in check(subject, heard):
            yield finding


async def _variables(subject: Subject, heard: HeardEvents) -> AsyncIterator[Finding]:
    if not subject.may("Setvar"):
        yield read_class_unchecked("dialplan")
        return
    mark = f"{time.time_ns()}"
    await subject.query(actions.setvar("CHECK_OF_FILTERS", mark))
    await subject.query(actions.setvar("XUCD_CHECK", mark))
    if not await heard.arrives_alive(_variable("XUCD_CHECK", mark), subject.query):
        yield read_class_missing("dialplan", "call variables, XUCD_… and USR_…")
    elif heard.contain(_variable("CHECK_OF_FILTERS", mark)):
        # Set first, so it has arrived first.
        yield Finding(
            "EventsUnfiltered",
            "warning",
            "Asterisk sends all events, about five times as many as xucd reads",
            "copy the eventfilter lines of xucd's manager.conf to the user (Asterisk 16"
            f" silently ignores the newer form eventfilter(…)=); {MANAGER_RELOAD}",
        )
    await subject.query(actions.setvar("CHECK_OF_FILTERS", ""))
    await subject.query(actions.setvar("XUCD_CHECK", ""))


async def _calls(subject: Subject, heard: HeardEvents) -> AsyncIterator[Finding]:
    if not subject.may("Originate"):
        yield read_class_unchecked("call")
        return
    await subject.query(actions.originate_nowhere())
    if not await heard.arrives_alive(
        lambda event: event["Event"] == "Newchannel" and "s@xucd-check" in event.get("Channel", ""),
        subject.query,
    ):
        yield read_class_missing("call", "calls")
        return
    if subject.may("ShowDialPlan") and not subject.has_context("xucd-callback"):
        return  # that has a finding of its own, and no event would come
    await subject.query(actions.originate_end())
    if not await heard.arrives_alive(
        _of_end("SoftHangupRequest", "Channel"), subject.query
    ) and heard.contain(_of_end("DialEnd", "DestChannel")):
        yield filter_outdated()


async def _members(subject: Subject, heard: HeardEvents) -> AsyncIterator[Finding]:
    queues = subject.queues() or list(subject.pbx.queues)
    if not queues or not subject.may("QueueAdd"):
        yield read_class_unchecked("agent")
        return
    queue, interface = queues[0].name, "Local/s@xucd-check"
    try:
        await subject.query(for_intent(AddMember(queue, interface, "xucd-check", 0, paused=True)))
    except Rejected as error:
        if error.code != "AlreadyMember":  # left by a check that was killed here
            raise
    await subject.query(for_intent(RemoveMember(queue, interface)))
    if not await heard.arrives_alive(
        lambda event: (
            event["Event"] == "QueueMemberRemoved" and event.get("Interface") == interface
        ),
        subject.query,
    ):
        yield read_class_missing("agent", "queues and their members")


def _variable(name: str, value: str) -> Callable[[Block], bool]:
    return lambda event: (
        event["Event"] == "VarSet" and event.get("Variable") == name and event.get("Value") == value
    )


def _of_end(name: str, header: str) -> Callable[[Block], bool]:
    return lambda event: event["Event"] == name and "h@xucd-callback" in event.get(header, "")
