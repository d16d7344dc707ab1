"""The command `discover`: what the PBX has, as the contact centre that xucd proposes."""

import argparse
import asyncio
from pathlib import Path

from sqlalchemy import make_url

from xucd.cli.subcommand import Mistake, settings
from xucd.config.plan import Plan, without_callbacks
from xucd.store import Store
from xucd.store import export as store_export


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
    present = without_callbacks(present_plan(checked.store.url))
    print(propose(found, present).text, end="")
    return 0


def present_plan(url: str) -> Plan:
    """The centre that is stored, empty if there is no database yet. Raises `StoreError`.

    The database stays as it is, also one of an older version.
    """
    place = make_url(url)
    if place.get_backend_name() == "sqlite" and not Path(place.database or "").exists():
        return Plan()  # opening it would create one, owned by the current user
    store = Store(url)
    try:
        return store_export.trial(store)
    finally:
        store.close()
