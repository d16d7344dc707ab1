"""Messages about sheets."""

from xucd.center.changes import SheetShown
from xucd.center.grammar import name_of
from xucd.center.placeholders import filled
from xucd.cti import messages as msg


def sheet_view(change: SheetShown, now: float) -> msg.Sheet:
    """A sheet, its placeholders filled in and its items in their order.

    What comes of the call is told as names are: an item may be meant to be HTML, and the operator
    has written it, but not what a caller or a variable says.
    """
    known = {name: name_of(value) for name, value in change.known.items()}
    items = [
        msg.SheetItem(
            value=filled(item.value, known, url=item.type == "url"),
            name=item.name,
            order=item.order,
            type=item.type,
        )
        for item in sorted(change.items, key=lambda item: item.order)
    ]
    return msg.Sheet(
        timenow=int(now),
        payload=msg.SheetPayload(profile=msg.SheetProfile(user=msg.SheetUser(sheet_info=items))),
        channel=name_of(change.channel),
    )
