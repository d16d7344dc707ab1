"""Lines for systemd's journal: each begins with its priority, as sd-daemon(3) has it.

systemd names the stream that leads to the journal in the environment. Where standard error is that
stream, the journal reads the priority off a line, and adds the time by itself; `journalctl -p err`
shows what is an error. Elsewhere nothing is put before a line.
"""

import os
import sys
from collections.abc import Mapping
from typing import TextIO

PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""syslog's numbers of the levels of the log."""


def leads_to_journal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written to this stream gets into the journal as it is."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def with_priority(text: str, level: str) -> str:
    """Put the priority of a level before each line."""
    mark = f"<{PRIORITIES[level]}>"
    return "\n".join(mark + line for line in text.split("\n"))


def print_error(text: str) -> None:
    """Print to standard error why xucd cannot do what it is asked for."""
    marked = leads_to_journal(sys.stderr)
    print(with_priority(text, "error") if marked else text, file=sys.stderr)
