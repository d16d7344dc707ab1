"""People at work stand still together, whatever they were told just before."""

from __future__ import annotations

import asyncio

import pytest

from integration.faults.standstill import Standstill


class People:
    """Two people who work past a standstill until they are stopped."""

    def __init__(self, standstill: Standstill) -> None:
        self.standstill = standstill
        self.done = 0
        self._moved = asyncio.Condition()
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> People:
        self._workers = [asyncio.create_task(self._work()) for _ in range(2)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            await self.standstill.passed(self._tell)
            self.done += 1
            await self._tell()
            await asyncio.sleep(0)

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def stand(self) -> None:
        async with asyncio.timeout(10), self._moved:
            await self._moved.wait_for(lambda: self.standstill.standing == 2)

    async def work(self, times: int) -> None:
        async with asyncio.timeout(10), self._moved:
            await self._moved.wait_for(lambda: self.done >= times)


@pytest.fixture
async def standstill() -> Standstill:
    return Standstill()


async def test_who_works_stands_still_when_it_is_closed_and_goes_on_when_it_is_opened(
    standstill: Standstill,
) -> None:
    async with People(standstill) as people:
        standstill.open()
        await people.work(6)
        standstill.close()
        await people.stand()
        done = people.done
        standstill.open()
        await people.work(done + 6)


async def test_who_was_woken_and_is_to_stand_still_at_once_does_nothing_and_is_waited_for(
    standstill: Standstill,
) -> None:
    async with People(standstill) as people:
        await people.stand()
        standstill.open()
        standstill.close()
        assert standstill.standing == 0
        await people.stand()
        assert people.done == 0


async def test_closing_it_twice_is_closing_it_once(standstill: Standstill) -> None:
    async with People(standstill) as people:
        await people.stand()
        standstill.close()
        assert standstill.standing == 2
        assert people.done == 0
