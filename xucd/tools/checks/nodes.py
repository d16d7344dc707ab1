"""The other nodes of a centre that has several: whether each PBX has an owner."""

from collections.abc import Iterator, Mapping

from xucd.center.directory import Directory
from xucd.tools.checks import Finding


def owned(directory: Directory, owners: Mapping[str, tuple[str, bool]]) -> Iterator[Finding]:
    """PBXs of the configuration that no node owns. `owners` are as in `Leases.owners`."""
    for pbx in directory.pbxs:
        node, lives = owners.get(pbx, ("", False))
        if lives:
            continue
        last = f"; the last one was {node}" if node else ""
        yield Finding(
            "PbxUnowned",
            "warning",
            f"no node owns the PBX {pbx} at this moment{last}: what is on it cannot be used",
            f'start the node whose settings have [ami] and cluster.pbx = "{pbx}", or take the PBX'
            " out of the centre's file and apply it",
        )
