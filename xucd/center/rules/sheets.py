"""When a sheet is shown: as a phone rings for its call, or as it answers."""

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import SheetShown

_SHOWING = {
    "ring": (ev.ChannelState.RINGING, ev.ChannelState.UP),  # a phone may answer without a ring
    "answer": (ev.ChannelState.UP,),
}


def rings_or_answers(center: Center, event: ev.ChannelMoved, now: float) -> None:
    """Show the sheet of a call that rings a line, or is answered there, once for each ring."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None or not channel.incoming:
        return
    line = center.directory.line_by_interface.get(channel.interface)
    if line is None:
        return
    call = center.channels.in_call(channel.linked_id)
    sheet = center.sheets.of(call)
    if sheet is None or channel.unique_id in sheet.shown:
        return
    # A phone may ring before the queue's own event says for which queue.
    queue = channel.queue or center.waiting.queue_among(member.unique_id for member in call)
    sheet.queue = queue or sheet.queue
    if channel.state in _SHOWING[sheet.profile.when]:
        sheet.shown.add(channel.unique_id)
        known = {**sheet.known, "queue": sheet.queue, "linked_id": channel.linked_id}
        center.changes.append(SheetShown(line.id, sheet.channel, sheet.profile.items, known))


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Drop the sheet of a channel that is gone."""
    center.sheets.forget(event.unique_id)
