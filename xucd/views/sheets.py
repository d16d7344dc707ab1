"""Messages about sheets."""

from xucd.center.changes import SheetShown
from xucd.center.placeholders import filled
from xucd.cti import messages as msg


def sheet_view(change: SheetShown, now: float) -> msg.Sheet:
    """A sheet, its placeholders filled in and its items in their order."""
    items = [
        msg.SheetItem(
            value=filled(item.value, change.known, url=item.type == "url"),
            name=item.name,
            order=item.order,
            type=item.type,
        )
        for item in sorted(change.items, key=lambda item: item.order)
    ]
    return msg.Sheet(
        timenow=int(now),
        payload=msg.SheetPayload(profile=msg.SheetProfile(user=msg.SheetUser(sheet_info=items))),
        channel=change.channel,
    )
