"""The files that come with xucd and that an operator puts in place: where they are on this machine.

They are Asterisk's configuration files (`asterisk-conf/manager.conf`), the systemd unit
(`systemd/xucd.service`), what fail2ban needs beside it, examples for proxies (`docs/proxy`), the
settings with every key (`docs/xucd.toml`), a contact centre with every kind of entry
(`integration/demo/center.toml`) and the lock of the libraries (`locks/runtime.txt`). Each has the
same name everywhere: in a checkout it is at that place, and a wheel, which the Debian package and
the image are made of, carries it below `xucd/shipped` (setup.py).
"""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


class NotShipped(Exception):
    """xucd was installed without a file that belongs to it. The text says which and what to do."""


def folder() -> Path:
    """Where they are: in the installed package, or in the checkout that it runs from."""
    installed = PACKAGE / "shipped"
    return installed if installed.is_dir() else PACKAGE.parent


def path(name: str) -> Path:
    """A file or folder that comes with xucd, such as `asterisk-conf/manager.conf`.

    Raises `NotShipped` if it is not there.
    """
    found = folder() / name
    if not found.exists():
        raise NotShipped(
            f"{found} is missing: it belongs to xucd. Install xucd again, from its wheel,"
            " its Debian package or a checkout."
        )
    return found
