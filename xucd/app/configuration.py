"""A digest of what clients are shown of the configuration when their link opens, and never again.

A client that resumes its stream keeps what it was shown. So when this is another at the next start,
none can. What commands change is not in it: they tell their changes.
"""

from collections.abc import Iterable

import msgspec

from xucd.center.callbacks import CallbackListRow
from xucd.center.directory import Directory
from xucd.cti.messages import UserStatus
from xucd.cti.streams import told


def digest_of(
    directory: Directory,
    statuses: Iterable[UserStatus],
    lists: Iterable[CallbackListRow],
    secret: bytes,
) -> bytes:
    """The digest. `secret` tells one database from another."""
    agents = [msgspec.structs.replace(agent, group_id=0) for agent in directory.agents.values()]
    shown = (
        [list(directory.groups.values()), list(directory.queues.values())],
        [list(directory.lines.values()), agents],
        list(statuses),
        list(lists),
        told.digest(secret),
    )
    return told.digest(msgspec.json.encode(shown, order="deterministic"))
