"""What happens at one PBX of several while its owner is away is counted from its own log."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from integration.callers import logged
from integration.client import token_of
from integration.faults.waiting import until
from integration.sites import SOUTH
from integration.test_one_centre import SALES, SUPPORT, Centre
from integration.test_one_centre import centre as centre  # noqa: PLC0414  # a fixture
from integration.test_queue_stats import counted
from tests.rest_client import RestClient
from xucd.cti.messages import QueueStatistic as Figure

pytestmark = pytest.mark.any_asterisk


async def gives_up(site: Any, number: str) -> None:
    """A caller waits in a queue, and hangs up."""
    call = site.phones.dial(number)
    await call.rang()
    await call.hang_up()


async def test_calls_while_the_owner_of_one_pbx_is_away_are_counted_from_its_log(
    centre: Centre,
) -> None:
    north, south = centre.sites.north, centre.sites.south
    rest = RestClient(centre.edge.port, await token_of(centre.edge.port, "ada"))
    assert (await rest.ask("GET", "/gaps"))[1] == []  # both have started for the first time
    board = await centre.board()
    log = south.pbx.queue_log
    with south.xucd.file.open("a") as settings:
        settings.write(f'[asterisk]\nqueue_log = "{log}"\n')
    before = logged(log.read_text(errors="replace"))
    await south.xucd.stop(signal.SIGKILL)
    await asyncio.gather(gives_up(north, "3000"), gives_up(south, "3001"), gives_up(south, "3001"))
    await counted(board, SUPPORT, {Figure.ENTERED: 1, Figure.ABANDONED: 1})

    async def are_logged() -> bool:
        return (logged(log.read_text(errors="replace")) - before)[SALES, "ABANDON"] == 2

    await until(are_logged)
    await south.xucd.start()
    await counted(board, SALES, {Figure.ENTERED: 2, Figure.ABANDONED: 2, Figure.UNSEEN: 0})
    gaps: list[dict[str, Any]] = []

    async def is_closed() -> bool:
        gaps[:] = (await rest.ask("GET", "/gaps"))[1]
        return all(gap["source"] is not None for gap in gaps)

    await until(is_closed)
    (gap,) = gaps
    assert (gap["pbx"], gap["why"], gap["source"]) == (SOUTH, "XucdDown", "queue_log")
    assert gap["calls"] == [{"queueId": SALES, "calls": 2}]
    again = await centre.board()
    await counted(again, SUPPORT, {Figure.ENTERED: 1, Figure.ABANDONED: 1})
