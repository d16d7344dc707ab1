"""REST tells in which times nothing was heard of Asterisk, each user its own queues' calls."""

import asyncio
import datetime
import time
from pathlib import Path
from uuid import UUID

from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from xucd.center.gaps import Gap
from xucd.center.under_way import Lately
from xucd.store import Store, figures, gaps
from xucd.store.figures import ClosedGap, Figures
from xucd.store.pulse import ClockReading, Pulse

HOUR = 3600.0


def write(store: Store, now: float) -> None:
    """A gap of an hour ago whose calls were found, and one of yesterday's whose were not."""
    both = (
        Gap(UUID(int=1), now - 60, "LinkLost", now - 30, "queue_log", {1: 2, 4: 3}),
        Gap(UUID(int=2), now - 49 * HOUR, "XucdDown", now - 48 * HOUR, "none"),
    )
    today = datetime.date.today()
    pulse = Pulse(ClockReading(now, 1.0, "another boot"), Lately())
    closed = tuple(ClosedGap(gap) for gap in both)
    figures.put_figures(store, Figures(today, pulse, closed=closed))


def moment(at: float) -> str:
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_gaps_are_told_with_the_calls_of_the_queues_that_a_user_sees(tmp_path: Path) -> None:
    xucd = LoneXucd(tmp_path)
    await xucd.prepare()
    now = time.time()
    store = xucd.store()
    await asyncio.to_thread(write, store, now)
    await xucd.start()
    try:
        ada, sue = (RestClient(xucd.port, xucd.token(login)) for login in ("ada", "sue"))
        since = datetime.datetime.fromtimestamp(now - 72 * HOUR).date()
        status, found = await ada.ask("GET", f"/gaps?from={since}")
        assert status == 200
        assert found[:2] == [
            {
                "began": moment(now - 49 * HOUR), "ended": moment(now - 48 * HOUR),
                "why": "XucdDown", "source": "none", "calls": [],
            },
            {
                "began": moment(now - 60), "ended": moment(now - 30),
                "why": "LinkLost", "source": "queue_log",
                "calls": [{"queueId": 1, "calls": 2}, {"queueId": 4, "calls": 3}],
            },
        ]  # fmt: skip
        # The one of this start, with no Asterisk to hear.
        assert (found[2]["began"], found[2]["ended"]) == (moment(now), None)
        assert (found[2]["why"], found[2]["source"]) == ("XucdDown", None)
        _, found = await sue.ask("GET", f"/gaps?from={since}")
        assert [one["queueId"] for gap in found for one in gap["calls"]] == [1]
        assert (await sue.ask("GET", "/gaps?from=9999-12-31"))[0] in (200, 422)
        assert (await sue.ask("GET", "/gaps?from=soon"))[1]["error"] == "InvalidQuery"
    finally:
        await xucd.stop()
        store.close()


SOUTH = """
[[queues]]
id = 90
name = "southern"
displayName = "Southern"
number = "3900"
pbx = "south"
"""


async def test_a_gap_is_told_as_of_its_pbx_where_the_centre_has_several(tmp_path: Path) -> None:
    xucd = LoneXucd(tmp_path, center=SOUTH)
    await xucd.prepare()
    store, now = xucd.store(), time.time()
    told = Gap(UUID(int=1), now - 60, "XucdDown", now - 30, "none", pbx="south")
    await asyncio.to_thread(gaps.open_gap, store, told)
    await xucd.start()
    try:
        _, found = await RestClient(xucd.port, xucd.token("ada")).ask("GET", "/gaps")
        assert [(gap["began"], gap["pbx"]) for gap in found] == [(moment(now - 60), "south")]
    finally:
        await xucd.stop()
        store.close()
