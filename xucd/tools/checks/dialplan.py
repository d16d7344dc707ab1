"""The dialplan: xucd's contexts, where they send requests, and what lines and queues run."""

import re
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import suppress

import msgspec

from xucd.ami import actions
from xucd.ami.actions import AGI_CONTEXT, AGI_VARIABLE
from xucd.ami.errors import Rejected
from xucd.center.arguments import arguments_of
from xucd.center.directory import Line, folded
from xucd.center.intents import WRAPUP_REASON
from xucd.center.reservations import CONTEXT
from xucd.tools.asterisk_files import includes
from xucd.tools.checks import DIALPLAN_RELOAD, LEVELS, Finding, Level, counted
from xucd.tools.checks.subject import Subject
from xucd.tools.dialplan import (
    Dialplan,
    Place,
    literal_part,
)
from xucd.tools.dialplan_ways import Ways, values_of
from xucd.tools.queue_numbers import steps_of

OURS = "xucd/extensions.conf"
SPECIAL = frozenset({"s", "h", "i", "t", "T", "a", "o", "e", "fax", "failed", "*"})
"""Extensions that Asterisk itself goes to: nobody dials them."""

_AGI = re.compile(r"agi://(\[[^]/]+\]|[^/:]+)(?::(\d+))?")
_OWN_REQUEST = re.compile(r"agi://[^/]+/(?:sheet|callback)\b")


class Needed(msgspec.Struct, frozen=True):
    """A context of the dialplan that `use` needs.

    With `originates`, only if xucd may originate; with `clustered`, only where there are nodes;
    with `several`, only in a centre of several PBXs.
    """

    name: str
    level: Level
    use: str
    originates: bool = False
    clustered: bool = False
    several: bool = False


CONTEXTS = (
    Needed("xucd-sub-wrap", "error", "wrap-up after a queue call"),
    Needed("xucd-sub-answer", "warning", "queues without wrap-up"),
    Needed("xucd-record", "warning", "recording"),
    Needed("xucd-dial", "warning", "dialling with call variables", originates=True),
    Needed("xucd-dial-from-queue", "warning", "dialling from a queue", originates=True),
    Needed("xucd-destination", "warning", "dialling from a queue", originates=True),
    Needed("xucd-join", "warning", "dialling from a queue", originates=True),
    Needed("xucd-callback-key", "warning", "callbacks requested by callers"),
    Needed("xucd-callback", "warning", "callbacks requested by callers"),
    Needed("xucd-callback-listen", "warning", "playing callers' voice messages", originates=True),
    Needed(AGI_CONTEXT, "warning", "asking the node that owns the PBX", clustered=True),
    Needed("xucd-ring", "warning", "ringing all phones of a user's number", originates=True),
    Needed(CONTEXT, "warning", "queues that ring agents of other PBXs", several=True),
    Needed("xucd-to-pbx", "warning", "queues that ring agents of other PBXs", several=True),
    Needed("xucd-from-pbx", "warning", "queues that ring agents of other PBXs", several=True),
)


class DialplanChange(msgspec.Struct, frozen=True):
    """What a context does since some version, told by a text of its steps or their extensions."""

    context: str
    mark: str
    without: str


CHANGES = (
    DialplanChange(
        "xucd-sub-wrap",
        "MEMBERNAME",
        "it pauses for a wrap-up also members that are no agents of xucd's",
    ),
    DialplanChange(
        "xucd-dial-from-queue",
        "XUCDQUEUE",
        "no call is placed out of a queue whose name has a blank or an accent",
    ),
    DialplanChange(
        "xucd-destination", "XUCD_CONTEXT", "calls out of a queue are dialled in default alone"
    ),
    DialplanChange("xucd-dial", "_[a-zA-Z_].", "no name is dialled with call variables"),
)


async def contexts(subject: Subject) -> AsyncIterator[Finding]:
    """xucd's contexts: whether they are there, and are as this version has them."""
    if not subject.may("ShowDialPlan"):
        return
    # Of each context: its extensions, and the data of its steps.
    data: dict[str, list[str]] = {}
    for place, steps in subject.pbx.dialplan.steps.items():
        said = data.setdefault(place.context, [])
        said += [place.exten, *(step.data for step in steps)]
    needed = [
        context
        for context in CONTEXTS
        if (subject.scope.originate or not context.originates)
        and (subject.scope.clustered or not context.clustered)
        and (subject.directory.pbx is not None or not context.several)
    ]
    missing = [context for context in needed if context.name not in data]
    names = {context.name for context in needed}
    wrap = data.get("xucd-sub-wrap", [])
    pauses = any(WRAPUP_REASON in item for item in wrap)
    lacking = [
        change
        for change in CHANGES
        if change.context in names
        and (there := data.get(change.context))
        and not any(change.mark in item for item in there)
        and (pauses or change.context != "xucd-sub-wrap")
    ]
    if lacking:
        yield _outdated(lacking, missing)
    elif missing:
        yield _missing(missing, len(missing) == len(needed), subject)
    if wrap and not pauses:
        yield Finding(
            "WrapupContext",
            "error",
            f"xucd-sub-wrap does not pause the agent with the reason {WRAPUP_REASON}",
            "use the context of xucd's extensions.conf unchanged",
        )
    told = ""
    if not subject.scope.clustered and AGI_CONTEXT in data:
        names.add(AGI_CONTEXT)
        told = await subject.value(AGI_VARIABLE)
    else:  # nodes may have an address each, and the owner tells its own
        names.discard(AGI_CONTEXT)
    for name in (context.name for context in CONTEXTS if context.name in names):
        for finding in _elsewhere(name, data.get(name, []), told, subject):
            yield finding


def _missing(missing: list[Needed], all_of_them: bool, subject: Subject) -> Finding:
    """One finding, however many are missing: most often one include is."""
    level = min((context.level for context in missing), key=LEVELS.index)
    uses = ", ".join(dict.fromkeys(context.use for context in missing))
    names = ", ".join(context.name for context in missing)
    return Finding(
        "ContextMissing",
        level,
        f"the dialplan has {'none of' if all_of_them else 'not all of'} xucd's contexts: {names}"
        f" (needed for {uses})",
        f"{_mend(all_of_them, subject)}; {DIALPLAN_RELOAD}",
    )


def _mend(all_of_them: bool, subject: Subject) -> str:
    line = f'#include "{OURS}"'
    if subject.scope.etc is not None:
        main = subject.place("extensions.conf")
        ours = subject.scope.etc / OURS
        copy = f"copy xucd's asterisk-conf/extensions.conf to {ours}"
        with suppress(OSError):  # what may not be read is as if it were elsewhere
            there = ours.is_file()
            if not includes(subject.scope.etc, "extensions.conf", OURS):
                return f"{'' if there else f'{copy}, and '}add the line {line} to {main}"
            if not there or not all_of_them:
                return copy
            return f"nothing in the files, for {main} includes {ours}"
    main = "extensions.conf (with FreePBX or Issabel, extensions_custom.conf)"
    if all_of_them:
        return f"add the line {line} to {main}"
    return f"replace xucd's extensions.conf by that of this version, and add {line} to {main}"


def _outdated(lacking: list[DialplanChange], missing: list[Needed]) -> Finding:
    """One finding for an old file, which lacks later contexts, too: one mend is for all."""
    said = [f"{change.context}: {change.without}" for change in lacking]
    said += [f"{context.name} is missing (needed for {context.use})" for context in missing]
    level = min(("warning", *(context.level for context in missing)), key=LEVELS.index)
    return Finding(
        "DialplanOutdated",
        level,
        f"xucd's part of the dialplan is of an older xucd; {'; '.join(said)}",
        f"replace xucd's extensions.conf by that of this version; {DIALPLAN_RELOAD}",
    )


def _elsewhere(context: str, data: list[str], told: str, subject: Subject) -> Iterator[Finding]:
    """Where a context sends requests to another address; `told` is the one a node has told."""
    agi = subject.agi
    variable = f"${{GLOBAL({AGI_VARIABLE})}}"
    for item in data:
        for host, port in _AGI.findall(item.replace(variable, told)):
            if int(port or 4573) == agi.port and host.strip("[]") in (agi.host, "localhost"):
                continue
            yield Finding(
                "AgiElsewhere",
                "warning",
                f"{context} sends requests to agi://{host}:{port or 4573},"
                f" but xucd listens on {agi.host}:{agi.port}",
                f"empty the global variable {AGI_VARIABLE}, which a node of a [cluster] has set:"
                f" asterisk -rx 'dialplan set global {AGI_VARIABLE} \"\"'"
                if variable in item
                else "set the same address in extensions.conf and under [agi] in xucd.toml",
            )


async def requests(subject: Subject) -> AsyncIterator[Finding]:
    """Steps that ask xucd at a fixed address where another node may become the owner."""
    if not subject.may("ShowDialPlan") or not subject.scope.clustered:
        return
    asking = sorted(
        {
            place.context
            for place, steps in subject.pbx.dialplan.steps.items()
            for step in steps
            if not place.context.startswith("xucd-") and _OWN_REQUEST.match(step.data)
        }
    )
    if asking:
        yield Finding(
            "AgiFixed",
            "warning",
            "requests for sheets or callbacks name a fixed address in"
            f" {counted(asking, 'context', 'contexts')}: when another node becomes the owner they"
            " fail, and calls wait for an owner that is frozen",
            "write Gosub(xucd-agi,s,1(sheet,PROFILE)) in place of AGI(agi://…/sheet,PROFILE);"
            f" {DIALPLAN_RELOAD}",
        )


async def destinations(subject: Subject) -> AsyncIterator[Finding]:
    """The contexts in which lines dial: whether anything can be dialled there."""
    if not subject.may("ShowDialPlan") or not subject.scope.originate:
        return
    lines: dict[str, list[Line]] = {}
    for line in subject.directory.lines.values():
        if line.context:  # else it is not known
            lines.setdefault(line.context, []).append(line)
    for context, there in lines.items():
        if dialable(subject.pbx.dialplan, context) or await _switches(subject, context):
            continue
        yield Finding(
            "NothingToDial",
            "warning",
            f"nothing can be dialled in the context {context}, in which"
            f" {counted((line.number for line in there), 'line dials', 'lines dial')}:"
            " each call that their users place from a page or out of a queue fails",
            "set context of these [[lines]] in the centre file to the one in which their phones"
            f" dial{_named(subject, there)}, and run xucd center apply",
        )


def dialable(dialplan: Dialplan, context: str) -> bool:
    """Whether somebody can dial something in a context, or in what it includes."""
    inner = dialplan.within(context)
    return any(place.context in inner and place.exten not in SPECIAL for place in dialplan.steps)


async def _switches(subject: Subject, context: str) -> bool:
    """Whether a context leaves it to a switch (realtime, another server) what can be dialled."""
    try:
        steps = await subject.query(actions.show_dialplan(context))
    except Rejected:
        return False
    return any("Switch" in step for step in steps)


def _named(subject: Subject, lines: Iterable[Line]) -> str:
    """The contexts that these lines' phones are said to dial in by Asterisk."""
    devices = {line.phone for line in lines}
    found = {phone.context for phone in subject.pbx.phones if phone.device in devices}
    names = sorted(name for name in found if name)
    return f" ({', '.join(names)}, says Asterisk)" if names else ""


async def subroutines(subject: Subject) -> AsyncIterator[Finding]:
    """Steps `Queue()` with a subroutine of their own, which runs in place of the queue's."""
    if not subject.may("ShowDialPlan", "CoreSettings"):
        return
    (core,) = await subject.query(actions.core_settings())
    # Up to Asterisk 20, a macro stands before the subroutine.
    major = re.match(r"\D*(\d+)", core.get("AsteriskVersion", ""))
    place_of_it = 7 if major is not None and int(major[1]) < 21 else 6
    wrapping = [queue.name for queue in subject.directory.queues.values() if queue.wrapup]
    led = steps_of(Ways(subject.pbx.dialplan), wrapping)
    found = []
    for place, steps in subject.pbx.dialplan.steps.items():
        for step in steps:
            arguments = arguments_of(step.data)
            if step.application.lower() != "queue" or len(arguments) <= place_of_it:
                continue
            if not _leads_to(arguments[0], place, wrapping, led):
                continue
            routines = values_of(arguments[place_of_it].strip(), steps)
            found += [(place, arguments[0], own) for own in routines if _is_own(own)]
    for place, queue, routine in found:
        yield Finding(
            "QueueSubroutine",
            "note",
            f"Queue({queue}) in extension {place.exten} of the context {place.context} runs the"
            f" subroutine {routine} as an agent answers, in place of the queue's membergosub: xucd"
            " pauses the agent for its wrap-up itself, over AMI, and a call shorter than some 50 ms"
            " can let another one through",
            f"end {routine.split('^')[0]} with Gosub(xucd-sub-wrap,s,1), or leave that argument of"
            f" Queue() out and name the subroutine in queues.conf; {DIALPLAN_RELOAD}",
        )


def _is_own(routine: str) -> bool:
    """Whether a step names a subroutine that is not xucd's.

    One that is a variable alone can be any or none: FreePBX's ``${QGOSUB}`` is empty as a rule.
    """
    return not routine.startswith("xucd-sub-wrap") and bool(literal_part(routine).strip())


def _leads_to(name: str, place: Place, wrapping: list[str], led: Collection[Place]) -> bool:
    """Whether a step's queue is one whose agents have a wrap-up, as far as can be told.

    `led` has the extensions whose steps are known to be such a queue's.
    """
    if "$" in name:
        return place in led or not led
    return folded(name.strip()) in {folded(queue) for queue in wrapping}
