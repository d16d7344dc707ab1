"""The REST route of gaps: times in which xucd heard nothing of an Asterisk."""

import datetime

import msgspec
from msgspec import UNSET, UnsetType

from xucd.center.gaps import Source, Why
from xucd.store import gaps
from xucd.web.rest_callbacks import midnight
from xucd.web.rest_route import Requester


class GapsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which gaps: those that had not ended when a day began, today unless given."""

    since: datetime.date | UnsetType = msgspec.field(default=UNSET, name="from")


class GapCalls(msgspec.Struct, rename="camel", frozen=True):
    """How many calls of a queue were found that entered or left it in the gap."""

    queue_id: int
    calls: int


class GapEntry(msgspec.Struct, rename="camel", frozen=True):
    """A time in which xucd heard nothing of Asterisk.

    In a centre with several PBXs `pbx` names the one that was not heard: the figures of its queues
    and of the agents who were at home there are concerned, and no others.

    `why` is `XucdDown` or `LinkLost`. `ended` is null while it lasts. `source` is `queue_log` if
    the figures have the calls of queues from there, `cdr` if they have the other calls of agents
    from there, `both` or `none` of these, and null until that is known.
    """

    began: datetime.datetime
    ended: datetime.datetime | None
    why: Why
    source: Source | None
    calls: list[GapCalls]
    pbx: str | UnsetType = UNSET


async def get_gaps(requester: Requester, query: GapsQuery) -> list[GapEntry]:
    """Get the times of which the figures lack calls, or have them from Asterisk's log alone.

    Oldest first. Calls are those of the queues that the user sees.
    """
    today = datetime.datetime.now().astimezone().date()
    since = midnight(today if query.since is UNSET else query.since)
    context = requester.callbacks.context
    found = await context.journal.read(gaps.gaps, since)
    several_pbxs = context.center.directory.pbx is not None
    rights = requester.rights
    return [
        GapEntry(
            began=_moment(gap.began),
            ended=None if gap.ended is None else _moment(gap.ended),
            why=gap.why,
            source=gap.source,
            calls=[
                GapCalls(queue_id, calls)
                for queue_id, calls in sorted(gap.calls.items())
                if rights.queue(queue_id)
            ],
            pbx=gap.pbx if several_pbxs else UNSET,
        )
        for gap in found
    ]


def _moment(gap_time: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(gap_time, datetime.UTC).replace(microsecond=0)
