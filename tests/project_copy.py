"""The scripts of integration/bin in a project of their own, where a test may break anything."""

import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parent.parent


class ProjectCopy:
    """The scripts, and what they read of the project; programs may have stand-ins."""

    def __init__(self, project: Path) -> None:
        self.project = project
        for name in ("integration/bin", "integration/asterisk", "locks"):
            shutil.copytree(PROJECT / name, project / name)
        shutil.copy(PROJECT / "setup.cfg", project / "setup.cfg")

    def stand_in(self, program: str, *lines: str) -> None:
        """Have this stand in for a program, given by its path in the project."""
        path = self.project / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
        path.chmod(0o755)

    def command(self, script: str, *arguments: str) -> list[str]:
        return [str(self.project / "integration/bin" / script), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """What a script of this copy runs with: stand-ins of `bin` come first."""
        return {**os.environ, "PATH": f"{self.project / 'bin'}:{os.environ['PATH']}", **more}

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(script, *arguments), env=self.environment(), capture_output=True,
            text=True, check=False,
        )  # fmt: skip
