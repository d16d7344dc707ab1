"""A command of the command line, and what commands share: the settings, the store, mistakes."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xucd.config import settings as config_settings
from xucd.config.exposure import exposed as config_exposed
from xucd.config.settings import Settings
from xucd.store import Store

Handler = Callable[[argparse.Namespace], int]
"""Carries a command out and returns the exit code."""

PLACES = ("xucd.toml", "/etc/xucd/xucd.toml")
RELOAD = "a running xucd takes this over with: systemctl reload xucd"
"""What a command says that has changed the contact centre."""


class Mistake(Exception):
    """A command cannot do what its arguments ask for. The text says why."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A command: its words ("center apply"), what it does, and what it takes."""

    words: str
    text: str
    handler: Handler
    arguments: Callable[[argparse.ArgumentParser], None] | None = None
    """Adds the command's own arguments to its parser."""


def settings(arguments: argparse.Namespace, *, secret: bool = True) -> Settings:
    """The checked settings; `secret` says whether AMI's must be there. Raises `SettingsError`."""
    return config_settings.load(settings_path(arguments), os.environ, secret=secret)


def settings_path(arguments: argparse.Namespace) -> Path | None:
    """The settings file, if there is one."""
    path: Path | None = arguments.config
    if path is None and os.environ.get("XUCD_CONFIG"):
        path = Path(os.environ["XUCD_CONFIG"])
    if path is None:
        path = next((Path(place) for place in PLACES if is_there(place)), None)
    return path


def is_there(place: str | Path) -> bool:
    """Whether a settings file is there, even if this user may not read it, which is said later."""
    try:
        os.stat(place)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def exposed(arguments: argparse.Namespace, checked: Settings) -> list[str]:
    """What of the settings others on this machine can read that they should not."""
    return config_exposed(checked, settings_path(arguments), os.environ)


def open_store(arguments: argparse.Namespace) -> Store:
    """The store, brought up to date; close it. Raises `SettingsError` and `StoreError`."""
    store = Store(settings(arguments, secret=False).store.url)
    store.migrate()
    return store


@contextmanager
def before_any_change() -> Iterator[None]:
    """Around a prompt: Ctrl-C, and the end of the input, are a `Mistake` that changed nothing."""
    try:
        yield
    except (EOFError, KeyboardInterrupt):
        print()
        raise Mistake("interrupted; nothing was changed") from None


def ask(question: str, *, default: bool) -> bool:
    """Ask on the terminal; at the end of the input, the answer is no."""
    try:
        answer = input(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
    except EOFError:
        print()
        return False
    return answer in ("y", "yes") or (default and not answer)
