"""What `xucd check` can find, as values and tables: what xucd needs of Asterisk, and why."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from xucd.ami.framing import Block

Level = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it should be.

    Of level ``error``, xucd does not work; ``warning``, a part of it does not, or worse than it
    could; ``note``, something could not be checked. `text` says what, `mend` how to put it right.
    """

    code: str
    level: Level
    text: str
    mend: str


RELOAD = 'then run asterisk -rx "manager reload"'

# Class, the action of Asterisk's own that shows it, and what xucd does with it.
WRITE_CLASSES = (
    ("call", "Redirect", "reads and sets variables, wakes waiting callers, pauses recordings"),
    ("reporting", "CoreShowChannels", "lists channels and devices to rebuild its picture"),
)

# Actions that a module brings, and the class without which they could not be seen.
MODULES_BY_ACTION: tuple[tuple[str, str | None, str, Level], ...] = (
    ("QueueStatus", None, "app_queue", "error"),
    ("ShowDialPlan", "reporting", "pbx_config", "error"),
    ("PlayDTMF", "call", "app_senddtmf", "warning"),
    ("MixMonitorMute", "call", "app_mixmonitor", "warning"),
)

# Modules that bring no action of a class xucd has; `func_module` tells whether they are there.
MODULES_BY_NAME: tuple[tuple[str, Level, str], ...] = (
    ("app_stack", "error", "the dialplan's Gosub"),
    ("res_agi", "warning", "customer data and dialling from a queue"),
    ("app_chanspy", "warning", "listening to agents"),
    ("chan_pjsip", "warning", "agents on PJSIP phones"),
    ("app_read", "warning", "callers who would rather be called back"),
    ("app_record", "warning", "callers who would rather be called back"),
    ("func_env", "warning", "callers' messages"),
)

# Rights that xucd never uses, each shown by an action that needs it.
EXCESS = (("command", "Command"), ("config", "GetConfig"), ("system", "ModuleLoad"))

CONTEXTS: tuple[tuple[str, Level, str], ...] = (
    ("xucd-sub-wrap", "error", "wrap-up after a queue call"),
    ("xucd-sub-answer", "warning", "queues without wrap-up"),
    ("xucd-record", "warning", "recording"),
    ("xucd-dial-from-queue", "warning", "dialling from a queue"),
    ("xucd-destination", "warning", "dialling from a queue"),
    ("xucd-join", "warning", "dialling from a queue"),
    ("xucd-callback-key", "warning", "callers who would rather be called back"),
    ("xucd-callback", "warning", "callers who would rather be called back"),
    ("xucd-callback-listen", "warning", "playing callers' messages"),
)


def rights(commands: Block, originate: bool) -> Iterator[Finding]:
    """What the manager user may do too little or too much, by the actions that it is shown."""
    classes = [*WRITE_CLASSES]
    if "QueueStatus" in commands:  # without app_queue there is nothing to tell it by
        classes.append(("agent", "QueueAdd", "logs agents in and out of queues and pauses them"))
    if originate:
        classes.append(("originate", "Originate", "listens and dials, unless switched off"))
    for right, action, use in classes:
        if action not in commands:
            yield Finding(
                f"Write{right.title()}Missing",
                "warning" if right == "originate" else "error",
                f"the manager user may not do what needs write={right}: with it, xucd {use}",
                f"add {right} to write= of the user in manager.conf; {RELOAD}",
            )
    for right, action in EXCESS:
        if action in commands:
            yield Finding(
                "ExcessRights",
                "warning",
                f"the manager user has write={right}, which xucd never uses",
                f"take {right} out of write= of the user in manager.conf; {RELOAD}",
            )


def unheard(right: str, what: str) -> Finding:
    """An event of a class was to come and did not."""
    return Finding(
        f"Read{right.title()}Missing",
        "error",
        f"Asterisk does not tell {what}: an event of the class {right} was made and did not come",
        f"add {right} to read= of the user in manager.conf, and let its eventfilter be xucd's;"
        f" {RELOAD}",
    )


def unprobed(right: str) -> Finding:
    """No event of a class could be made, for want of another right."""
    return Finding(
        f"Read{right.title()}Unchecked",
        "note",
        f"whether the manager user has read={right} cannot be seen: nothing to try it with",
        f"see that read= of the user in manager.conf has {right}",
    )


def module_missing(module: str, level: Level, use: str) -> Finding:
    """A module of Asterisk's is not loaded."""
    return Finding(
        "ModuleMissing",
        level,
        f"Asterisk has not loaded {module}: needed for {use}",
        f'run asterisk -rx "module load {module}", and see that modules.conf does not leave it out',
    )


def shown(findings: list[Finding]) -> str:
    """The findings for a person to read, the gravest first."""
    if not findings:
        return "all is well: Asterisk has what xucd needs"
    order = ("error", "warning", "note")
    return "\n".join(
        f"{finding.level} {finding.code}: {finding.text}\n    mend: {finding.mend}"
        for finding in sorted(findings, key=lambda finding: order.index(finding.level))
    )
