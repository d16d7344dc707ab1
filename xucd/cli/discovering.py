"""The command `discover`: what the PBX has, as the contact centre that xucd proposes."""

import argparse
import asyncio
from pathlib import Path

from sqlalchemy import make_url

from xucd.cli.subcommand import Mistake, settings
from xucd.config.plan import without_callbacks
from xucd.store import Store, extending
from xucd.store.extending import StoredCenter


def discover(arguments: argparse.Namespace) -> int:
    """Print the proposal: the present centre, and what the PBX has besides."""
    checked = settings(arguments)
    from xucd.ami.errors import AmiError  # noqa: PLC0415
    from xucd.tools.discovery import discover_pbx  # noqa: PLC0415
    from xucd.tools.proposal import propose  # noqa: PLC0415

    try:
        found = asyncio.run(discover_pbx(checked.ami))
    except AmiError as error:
        raise Mistake(
            f"cannot read the PBX: {error.text}; xucd setup connects xucd to it"
        ) from None
    present = present_centre(checked.store.url)
    print(propose(found, without_callbacks(present.plan), present.logins).text, end="")
    return 0


def has_database(url: str) -> bool:
    """Whether there is a database. To open one that is not there would make it, as this user's."""
    place = make_url(url)
    return place.get_backend_name() != "sqlite" or Path(place.database or "").exists()


def present_centre(url: str) -> StoredCenter:
    """The centre that is stored, empty if there is no database yet. Raises `StoreError`.

    The database stays as it is, also one of an older version.
    """
    if not has_database(url):
        return StoredCenter()
    store = Store(url)
    try:
        return extending.present(store)
    finally:
        store.close()
