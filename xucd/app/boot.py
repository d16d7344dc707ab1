"""Which boot of the machine this is: what was measured by its steady clock is good in one alone."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

VARIABLE = "BOOT_ID"
"""By which systemd's unit tells it, since the confined service may not look."""
FILE = Path("/proc/sys/kernel/random/boot_id")


def boot_id(environ: Mapping[str, str] = os.environ) -> str:
    """The name of this boot, without dashes; empty where that cannot be known."""
    name = environ.get(VARIABLE, "").strip()
    if not name:
        with suppress(OSError):
            name = FILE.read_text(encoding="ascii").strip()
    return name.replace("-", "")
