"""What setup.cfg cannot say: a wheel carries the files that an operator puts in place."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# Below `xucd/shipped` in a wheel, under the same names; xucd/config/shipped.py finds them.
SHIPPED = (
    "asterisk-conf", "systemd", "docs/xucd.toml", "docs/nats.conf", "docs/proxy",
    "locks/runtime.txt", "integration/demo/center.toml",
)  # fmt: skip


class BuildWithShipped(build_py):
    """Builds the package, and copies into it what is shipped beside it."""

    def run(self) -> None:
        """Do so; an editable installation finds the files where they are."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "xucd", "shipped")
        shutil.rmtree(target, ignore_errors=True)
        for name in SHIPPED:
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if Path(name).is_dir():
                shutil.copytree(name, place)
            else:
                shutil.copyfile(name, place)


setup(cmdclass={"build_py": BuildWithShipped})
