"""How many files the process may have open, and how many of them clients may have.

Each connection is a file. Clients get what Asterisk, the database, FastAGI and the log leave, so
that no number of clients keeps xucd from these.
"""

import re
import resource
from pathlib import Path

import structlog

# For the database, Asterisk, the log, and the event loop; connections that just end, too.
RESERVED = 128
MAX_AGI = 500
MAX_CLIENTS = 20_000
# If it cannot be told: what Linux has had for ever.
_DEFAULT = 1024

log = structlog.get_logger()


def raised() -> int:
    """Raise the limit as far as it goes; returns how many files may be open."""
    soft, hard = _limits()
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            log.warning("cannot raise the limit of open files", limit=soft, reason=str(error))
        else:
            return hard
    return soft


def allowed() -> int:
    """How many files may be open once the limit is raised; nothing is changed."""
    return _limits()[1]


def for_agi(limit: int) -> int:
    """How many connections FastAGI may have."""
    return min(MAX_AGI, limit // 4)


def for_clients(limit: int) -> int:
    """How many connections clients may have in all."""
    return max(1, min(MAX_CLIENTS, limit - RESERVED - for_agi(limit)))


def _limits() -> tuple[int, int]:
    # Not by getrlimit(): under systemd the call that it shares with setrlimit() is refused.
    text = Path("/proc/self/limits").read_text(encoding="ascii")
    found = re.search(r"^Max open files +(\w+) +(\w+)", text, re.MULTILINE)
    if found is None or not found[1].isdecimal():
        return _DEFAULT, _DEFAULT
    soft = int(found[1])
    return soft, int(found[2]) if found[2].isdecimal() else soft
