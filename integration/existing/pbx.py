"""An Asterisk that somebody else configured, beside which xucd is to be set up.

`plain` has a dialplan of its own, static members, ringall and rrmemory, and records its calls;
`freepbx` is laid out as FreePBX writes it, with members `Local/211@from-queue/n` and hints. Neither
knows of xucd. The container's ``/etc/asterisk`` is the folder `etc` of this machine, and `bin`
holds a command `asterisk` that reaches the container's.
"""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Literal

from integration.pbx import BOOT_DEADLINE, HERE, Pbx, PbxError

Layout = Literal["plain", "freepbx"]


class ExistingPbx(Pbx):
    """One such Asterisk; `etc` is kept until `stop`."""

    entrypoint = "/xucd/existing/entrypoint"

    def __init__(self, layout: Layout, version: str = "22") -> None:
        super().__init__(version)
        self.layout = layout
        self.folder = Path(tempfile.mkdtemp(prefix="xucd-existing-"))
        self.folder.chmod(0o755)
        self.etc = self.folder / "etc"
        self.bin = self.folder / "bin"

    def volumes(self) -> dict[str, tuple[Path, str]]:
        """The configuration can be written, also from outside."""
        self.etc.mkdir(exist_ok=True)
        self.bin.mkdir(exist_ok=True)
        return {
            **super().volumes(),
            "/xucd/existing": (HERE / "existing", "ro"),
            "/etc/asterisk": (self.etc, "rw"),
            # As setup names it to the command below.
            str(self.folder): (self.folder, "rw"),
        }

    def environment(self) -> dict[str, str]:
        """Which configuration is brought there at the first start."""
        return {**super().environment(), "LAYOUT": self.layout}

    def wait_until_booted(self) -> None:
        """As of any other, by Asterisk's own command line: AMI may be switched off."""
        command = self.bin / "asterisk"
        command.write_text(f'#!/bin/sh\nexec docker exec -i {self.container_id} asterisk "$@"\n')
        command.chmod(0o755)
        deadline = time.monotonic() + BOOT_DEADLINE
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                self.cli("core waitfullybooted")
            except PbxError:  # it has no control socket yet
                time.sleep(0.05)  # which appears without telling anybody
                continue
            return
        raise PbxError(f"Asterisk {self.version} did not come up:\n{self.log()[-2000:]}")

    def stop(self) -> None:
        """Remove the container and its configuration."""
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)
