"""When a sheet is shown: as a phone rings for its call, or as it answers.

A call may also get to a phone that never rang for it: handed over after a consultation, picked up,
taken back from parking, joined by another program. Then it is shown as the two are joined.
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import SheetShown
from xucd.center.channels import Channel
from xucd.center.directory import queue_name
from xucd.center.events import ChannelState
from xucd.center.grammar import number_of
from xucd.center.leg import Leg
from xucd.center.parties import party
from xucd.center.sheets import KeptSheet
from xucd.center.snapshot import Snapshot


def shows(center: Center, event: ev.ChannelMoved | ev.BridgeEntered, now: float) -> None:
    """Show the sheet of a call that rings a line, is answered there or joined to it, once each."""
    moved = center.channels.by_id.get(event.unique_id)
    if moved is None or center.sheets.are_none():
        return
    for channel in (moved, *center.channels.reach(moved)):
        leg = center.phone_calls.legs.get(channel.name)
        if leg is not None:
            _show(center, leg)


def _show(center: Center, leg: Leg) -> None:
    channel = leg.channel
    line = center.directory.line_by_device.get(channel.interface)
    sheet = center.sheets.of(center.channels.talk(channel)) or _of_queue(center, leg)
    if line is None or sheet is None or channel.unique_id in (*sheet.shown, sheet.unique_id):
        return
    if not _is_due(center, leg, sheet):
        return
    sheet.queue = queue_name(leg.queue) or sheet.queue
    sheet.shown.add(channel.unique_id)
    known = {**sheet.known, "queue": sheet.queue, "linked_id": channel.linked_id}
    center.changes.append(SheetShown(line.id, sheet.channel, sheet.profile.items, known))


def _of_queue(center: Center, leg: Leg) -> KeptSheet | None:
    """The sheet of a queue's call whose dialplan has asked for none; kept with the caller."""
    template = center.sheets.of_queues
    caller = center.channels.by_id.get(leg.channel.linked_id)
    if template is None or not leg.queue or caller is None or caller.is_local or caller.called:
        return None
    number, name = party(*caller.own)
    known = {
        "caller_number": number,
        "caller_name": name,
        "called_number": number_of(caller.exten),
        "channel": caller.name,
        "unique_id": caller.unique_id,
    }
    sheet = KeptSheet(template, caller.name, caller.unique_id, known)
    center.sheets.keep(sheet)
    return sheet


def _is_due(center: Center, leg: Leg, sheet: KeptSheet) -> bool:
    """Whether the phone has come so far: it rings (or answers) for the caller, or talks with it."""
    channel = leg.channel
    if _holds(center.channels.reach(channel), sheet):
        return True
    if not leg.incoming:
        return False
    # A phone may answer without a ring.
    rings = channel.state is ChannelState.RINGING and sheet.profile.when == "ring"
    return rings or channel.state is ChannelState.UP


def _holds(channels: Iterable[Channel], sheet: KeptSheet) -> bool:
    return any(found.unique_id == sheet.unique_id for found in channels)


def rebuild_sheets(center: Center, snapshot: Snapshot) -> None:
    """Find the sheets that are written down on channels, which have been rebuilt already.

    Phones that ring or talk by now have been shown them.
    """
    for unique_id, written in snapshot.sheets.items():
        channel = center.channels.by_id.get(unique_id)
        if channel is None:
            continue
        sheet = center.sheets.restore(unique_id, channel.name, written)
        if sheet is not None:
            sheet.shown.update(found.unique_id for found in center.channels.talk(channel))


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Drop the sheet of a channel that is gone."""
    center.sheets.forget(event.unique_id)
