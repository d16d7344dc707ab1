"""A digest of what decides what clients are shown, and is not told to them when it changes.

A client that resumes its stream keeps what it was shown, and its subscriptions. So when this is
another at the next start, none can. What commands change is not in it: they tell their changes.
"""

from collections.abc import Iterable

import msgspec

from xucd.callbacks.known import KnownCallback
from xucd.center.callbacks import CallbackListRow
from xucd.center.directory import Directory
from xucd.commands.context import Options
from xucd.cti.streams.digest import digest, layout


def digest_of(
    directory: Directory,
    options: Options,
    lists: Iterable[CallbackListRow],
    secret: bytes,
    erased: str = "",
) -> bytes:
    """The digest. `secret` tells one database from another, `erased` what is `Versions.erased`."""
    agents = [msgspec.structs.replace(agent, group_id=0) for agent in directory.agents.values()]
    shown = (
        [list(directory.groups.values()), list(directory.queues.values())],
        [list(directory.lines.values()), agents],
        options,
        list(lists),
        digest(secret),
        erased,
        layout(KnownCallback),
    )
    return digest(msgspec.json.encode(shown, order="deterministic"))
