"""Sheets: what a page shows of a call when it rings the user's phone, or is answered.

The dialplan registers a sheet for a channel before it calls anybody. Where it does not, a queue's
call has the sheet that the settings name for such calls, if they name one. The sheet stays with the
channel. Each phone that rings for the same call, by a queue, directly or after a transfer, is sent
it once for each ring.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from xucd.center.changes import SheetField
from xucd.center.channels import Channel

SHEET_MARKS = ("XUCD_SHEET", "XUCD_SHEET1", "XUCD_SHEET2", "XUCD_SHEET3")
"""The channel variables in which a sheet is written down, in pieces, for a restarted xucd."""

KEPT = 2000
"""How many channels' sheets are kept; beyond it the oldest is forgotten."""


class SheetTemplate(msgspec.Struct, frozen=True):
    """How a sheet is made. An item's value is text with placeholders, such as `{caller_number}`."""

    name: str
    when: Literal["ring", "answer"]
    items: tuple[SheetField, ...]


class KeptSheet:
    """A sheet kept with a channel. `known` maps placeholders to their values.

    `queue` is the last that rang somebody for the call, `shown` the channels it was shown for.
    """

    __slots__ = ("channel", "known", "profile", "queue", "shown", "unique_id")

    def __init__(
        self, profile: SheetTemplate, channel: str, unique_id: str, known: Mapping[str, str]
    ) -> None:
        self.profile = profile
        self.channel = channel
        self.unique_id = unique_id
        self.known = known
        self.queue = ""
        self.shown: set[str] = set()


def written_down(sheet: KeptSheet) -> str:
    """A sheet as text without commas, quotes and line ends, for `Sheets.restore`."""
    return quote(msgspec.json.encode((sheet.profile.name, dict(sheet.known))), safe="")


class Sheets:
    """All sheets of live channels, by the channel's unique id."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptSheet] = {}
        self._templates: dict[str, SheetTemplate] = {}
        self.of_queues: SheetTemplate | None = None
        """The template for queue calls without a sheet of their own; None for no sheet."""

    def keep(self, sheet: KeptSheet) -> None:
        """Keep a channel's sheet, in the place of any it had."""
        self._kept.pop(sheet.unique_id, None)
        if len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[sheet.unique_id] = sheet

    def templates_are(self, templates: Mapping[str, SheetTemplate], of_queues: str = "") -> None:
        """How sheets are made, by name: what a sheet that is found written down needs.

        `of_queues` names the one for queue calls without a sheet of their own, "" for none.
        """
        self._templates = dict(templates)
        self.of_queues = self._templates.get(of_queues)

    def restore(self, unique_id: str, channel: str, written: str) -> KeptSheet | None:
        """Keep a sheet that was written down, unless the channel has one; returns it if it is new.

        One that cannot be read, or is of a template that is no more, is left out.
        """
        if unique_id in self._kept:
            return None
        try:
            name, known = msgspec.json.decode(unquote(written), type=tuple[str, dict[str, str]])
        except msgspec.DecodeError:
            return None
        if name not in self._templates:
            return None
        sheet = KeptSheet(self._templates[name], channel, unique_id, known)
        self.keep(sheet)
        return sheet

    def forget(self, unique_id: str) -> None:
        """The channel has gone."""
        self._kept.pop(unique_id, None)

    def about(self, is_persons: Callable[[str], bool]) -> list[KeptSheet]:
        """The sheets of callers whose number, or a variable's value, is a person's."""
        return [sheet for sheet in self._kept.values() if any(map(is_persons, _numbers(sheet)))]

    def erase(self, is_persons: Callable[[str], bool]) -> None:
        """Empty the sheets that are about a person.

        They stay, empty: a snapshot would restore them, from their channels, in place of none.
        """
        for sheet in self.about(is_persons):
            sheet.known = {}

    def are_none(self) -> bool:
        """Whether no live channel has a sheet, or could have one by its queue."""
        return not self._kept and self.of_queues is None

    def of(self, channels: Iterable[Channel]) -> KeptSheet | None:
        """The sheet of a call, given its channels: the first that any of them has."""
        if not self._kept:
            return None
        return next(
            (kept for channel in channels if (kept := self._kept.get(channel.unique_id))), None
        )


def _numbers(sheet: KeptSheet) -> list[str]:
    """What may be the caller's number. The called number is one of the centre's own."""
    return [
        value
        for name, value in sheet.known.items()
        if name == "caller_number" or name.startswith("var:")
    ]
