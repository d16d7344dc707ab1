"""The script `sheet`: fills in a sheet profile's placeholders from the channel.

    AGI(agi://127.0.0.1:4573/sheet,PROFILE)

The dialplan runs it before `Queue` or `Dial`. The centre decides who is shown the sheet, and when.
"""

from collections.abc import Callable, Mapping

import structlog

from xucd.agi.conversation import Conversation
from xucd.agi.server import Script
from xucd.agi.syntax import PIECE
from xucd.center.grammar import number_of
from xucd.center.parties import party
from xucd.center.placeholders import placeholders
from xucd.center.sheets import SHEET_MARKS, KeptSheet, SheetTemplate, written_down

log = structlog.get_logger()


def _known(fields: Mapping[str, str]) -> dict[str, str]:
    """The placeholders that the request's own headers fill."""
    number, name = party(fields.get("callerid", ""), fields.get("calleridname", ""))
    return {
        "caller_number": number,
        "caller_name": name,
        "called_number": number_of(fields.get("dnid", "")),
        "channel": fields.get("channel", ""),
        "unique_id": fields["uniqueid"],
    }


def script(profiles: Mapping[str, SheetTemplate], keep: Callable[[KeptSheet], None]) -> Script:
    """The script for these profiles, by name; `keep` is called with each sheet."""

    async def sheet(call: Conversation) -> None:
        request = call.request
        profile = profiles.get(request.arguments[0]) if request.arguments else None
        if profile is None:
            asked = " ".join(request.arguments).strip()
            log.warning("unknown sheet profile in a FastAGI request", profile=asked)
            return
        known = _known(request.fields)
        named = {name for item in profile.items for name in placeholders(item.value)}
        for name in sorted(named):
            if name.startswith("var:"):
                known[name] = await call.get(name.removeprefix("var:"))
        channel, unique_id = request.fields.get("channel", ""), request.fields["uniqueid"]
        kept = KeptSheet(profile, channel, unique_id, known)
        keep(kept)
        await write_down(call, written_down(kept))

    return sheet


async def write_down(call: Conversation, written: str) -> None:
    """Set a sheet that is written down on a channel; one that is too long does not outlive xucd."""
    pieces = [written[at : at + PIECE] for at in range(0, len(written), PIECE)]
    if len(pieces) <= len(SHEET_MARKS):
        for mark, piece in zip(SHEET_MARKS, pieces, strict=False):
            await call.set(mark, piece)
