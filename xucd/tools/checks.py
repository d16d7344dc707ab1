"""The requirements that `xucd check` tests, as tables, and its findings."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from xucd.ami.framing import Block

Level = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True):
    """One problem. `text` describes it, `fix` says how to solve it.

    Levels: ``error``, xucd does not work; ``warning``, a part of it does not work, or not well;
    ``note``, something could not be checked, or may be as it should be.
    """

    code: str
    level: Level
    text: str
    fix: str


RELOAD = 'then run asterisk -rx "manager reload"'

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


class DialplanContext(msgspec.Struct, frozen=True):
    """A context of the dialplan that `use` needs; with `originates`, only if xucd may originate."""

    name: str
    level: Level
    use: str
    originates: bool = False


CONTEXTS = (
    DialplanContext("xucd-sub-wrap", "error", "wrap-up after a queue call"),
    DialplanContext("xucd-sub-answer", "warning", "queues without wrap-up"),
    DialplanContext("xucd-record", "warning", "recording"),
    DialplanContext("xucd-dial-from-queue", "warning", "dialling from a queue", originates=True),
    DialplanContext("xucd-destination", "warning", "dialling from a queue", originates=True),
    DialplanContext("xucd-join", "warning", "dialling from a queue", originates=True),
    DialplanContext("xucd-callback-key", "warning", "callbacks requested by callers"),
    DialplanContext("xucd-callback", "warning", "callbacks requested by callers"),
    DialplanContext(
        "xucd-callback-listen", "warning", "playing callers' voice messages", originates=True
    ),
)


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
                f"add {right} to write= of the user in manager.conf; {RELOAD}",
            )
    for right, action in EXCESS:
        if action in commands:
            yield Finding(
                "ExcessRights",
                "warning",
                f"the manager user has write={right}, which xucd never uses",
                f"remove {right} from write= of the user in manager.conf; {RELOAD}",
            )


def read_class_missing(right: str, what: str) -> Finding:
    """An event of a read class was caused and did not arrive."""
    return Finding(
        f"Read{right.title()}Missing",
        "error",
        f"the manager user receives no events of the class {right} ({what})",
        f"add {right} to read= of the user in manager.conf, and give it the eventfilter lines of"
        f" xucd's manager.conf; {RELOAD}",
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
        f"replace them by the eventfilter lines of this version's manager.conf; {RELOAD}",
    )


def dialplan_outdated(context: str) -> Finding:
    """A context works, but is not as this version of xucd has it."""
    return Finding(
        "DialplanOutdated",
        "warning",
        f"{context} is of an older xucd: it pauses for a wrap-up also members that are no agents"
        " of xucd's",
        "replace xucd's extensions.conf by that of this version;"
        ' then run asterisk -rx "dialplan reload"',
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


SHOWN_INTERFACES = 50
"""The most interfaces that one finding lists."""


def lines_missing(interfaces: list[str]) -> Finding:
    """Asterisk does not have what the queues are to ring."""
    return Finding(
        "LinesMissing",
        "warning",
        f"Asterisk has no device for {_lines(interfaces)}: no call can ring there, and an agent"
        " logged in there is shown as unreachable",
        "correct the lines' interface in xucd's centre file (PJSIP/NAME has the name of an endpoint"
        " in pjsip.conf), or load the driver in Asterisk",
    )


def lines_unregistered(interfaces: list[str]) -> Finding:
    """No phone is registered for these lines at this moment."""
    return Finding(
        "LinesUnregistered",
        "note",
        f"no phone is registered for {_lines(interfaces)}",
        "nothing, if these phones are switched off or not in use yet; otherwise look at the phone's"
        " server, user and password",
    )


def _lines(interfaces: list[str]) -> str:
    shown = ", ".join(interfaces[:SHOWN_INTERFACES])
    more = len(interfaces) - SHOWN_INTERFACES
    what = "1 line" if len(interfaces) == 1 else f"{len(interfaces)} lines"
    return f"{what} ({shown}{f' and {more} more' if more > 0 else ''})"


def as_text(findings: list[Finding]) -> str:
    """The findings as text, errors first."""
    if not findings:
        return "no problems found: Asterisk has everything that xucd needs"
    order = ("error", "warning", "note")
    return "\n".join(
        f"{finding.level} {finding.code}: {finding.text}\n    fix: {finding.fix}"
        for finding in sorted(findings, key=lambda finding: order.index(finding.level))
    )
