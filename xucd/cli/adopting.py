"""The command `center adopt`: an agent made of a queue's member that is none."""

import argparse
import asyncio

from xucd.cli.discovering import has_database
from xucd.cli.subcommand import Mistake, open_store, settings
from xucd.store import Store, extending

AFTERWARDS = """\
{login} has no password yet: xucd user passwd {login}
A running daemon reads it with SIGHUP: systemctl reload xucd
Who keeps the centre in a file: xucd center export prints it with this agent."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The member, and whether to change anything."""
    parser.add_argument(
        "interface", metavar="INTERFACE", help="the member's interface, as Asterisk lists it"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be added, and add nothing"
    )


def adopt(arguments: argparse.Namespace) -> int:
    """Make an agent, with its line and user, of the member of an interface."""
    checked = settings(arguments)
    from xucd.ami.errors import AmiError  # noqa: PLC0415
    from xucd.tools.adoption import NotAdoptable, adopting  # noqa: PLC0415
    from xucd.tools.discovery import discover_pbx  # noqa: PLC0415

    try:
        found = asyncio.run(discover_pbx(checked.ami))
    except AmiError as error:
        raise Mistake(f"cannot read the PBX: {error.text}") from None
    url = checked.store.url
    if not has_database(url):
        raise Mistake("there is no centre yet: xucd setup makes one of what the PBX has")
    store = Store(url) if arguments.dry_run else open_store(arguments)
    extend = extending.try_to_extend if arguments.dry_run else extending.extend
    try:
        added = extend(store, adopting(found, arguments.interface))
    except NotAdoptable as error:
        raise Mistake(str(error)) from None
    finally:
        store.close()
    print("\n".join(added.changes))
    if not arguments.dry_run:
        print(AFTERWARDS.format(login=added.plan.agents[-1].login))
    return 0
