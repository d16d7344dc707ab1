"""What `xucd check` looks at, one module for each part; and its findings: text, JSON, exit code."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")

EXIT_CODES: dict[Level, int] = {"error": 1, "warning": 3, "note": 0}
"""The exit code by the worst finding; 0 without any, 2 when nothing could be checked at all."""

MAX_NAMED = 50
"""The most names that one finding lists."""

MANAGER_RELOAD = 'then run asterisk -rx "manager reload"'
DIALPLAN_RELOAD = 'then run asterisk -rx "dialplan reload"'
QUEUE_RELOAD = 'then run asterisk -rx "queue reload all"'


class Finding(msgspec.Struct, frozen=True):
    """One problem. `text` describes it, `fix` says how to solve it.

    Levels: ``error``, xucd does not work; ``warning``, a part of it does not work, or not well;
    ``note``, something could not be checked, or may be as it should be.
    """

    code: str
    level: Level
    text: str
    fix: str


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, the worst first."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def as_text(findings: Iterable[Finding]) -> str:
    """The findings as text, the worst first."""
    found = ordered(findings)
    if not found:
        return "no problems found: Asterisk has everything that xucd needs"
    return "\n".join(
        f"{finding.level} {finding.code}: {finding.text}\n    fix: {finding.fix}"
        for finding in found
    )


def as_json(findings: Iterable[Finding]) -> str:
    """The findings as a JSON list of objects, the worst first."""
    return msgspec.json.format(msgspec.json.encode(ordered(findings))).decode()


def exit_code(findings: Iterable[Finding]) -> int:
    """What the command ends with: 0 also with notes, 1 with an error, 3 with warnings only."""
    worst = ordered(findings)[:1]
    return EXIT_CODES[worst[0].level] if worst else 0


def counted(names: Iterable[str], one: str, more: str) -> str:
    """``2 lines (PJSIP/1, PJSIP/2)``, with a limit to how many are named; ``0 lines``."""
    all_names = list(names)
    left = len(all_names) - MAX_NAMED
    shown = ", ".join(all_names[:MAX_NAMED]) + (f" and {left} more" if left > 0 else "")
    named = f" ({shown})" if shown else ""
    return f"{len(all_names)} {one if len(all_names) == 1 else more}{named}"
