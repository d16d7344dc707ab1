"""The trunks to other PBXs of the centre, over which queues ring agents whose phones are there."""

from collections.abc import AsyncIterator

from xucd.ami import actions
from xucd.tools.checks import Finding, counted
from xucd.tools.checks.subject import Subject


async def trunks(subject: Subject) -> AsyncIterator[Finding]:
    """Other PBXs of the centre to which Asterisk has no trunk."""
    directory = subject.directory
    if directory.pbx is None or not subject.may("DeviceStateList"):
        return
    blocks = await subject.query(actions.device_state_list())
    there = {block.get("Device", "") for block in blocks}
    names = [f"xucd-{pbx}" for pbx in directory.pbxs if pbx != directory.pbx]
    missing = [name for name in names if f"PJSIP/{name}" not in there]
    if missing:
        yield Finding(
            "TrunkMissing",
            "note",
            f"Asterisk has no {counted(missing, 'trunk', 'trunks')} to the other PBXs of the"
            " centre: queues of one do not ring agents who are logged in at another",
            "nothing, if no agent has queues on several PBXs; otherwise copy xucd's"
            " asterisk-conf/pjsip-trunk.conf to the pjsip.conf of both PBXs, as it says, then run"
            ' asterisk -rx "pjsip reload"',
        )
