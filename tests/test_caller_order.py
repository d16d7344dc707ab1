"""Asking Asterisk for the order of a queue's callers."""

import asyncio
from collections.abc import Callable

import pytest

from xucd.ami import caller_order
from xucd.ami.actions import Action
from xucd.ami.caller_order import CallerOrder, callers_listed
from xucd.ami.errors import ConnectionLost
from xucd.ami.framing import Block
from xucd.center.events import CallersListed


def entry(unique_id: str, position: int, queue: str = "support") -> Block:
    return Block(
        {"Event": "QueueEntry", "Queue": queue, "Position": str(position), "Uniqueid": unique_id}
    )


def test_the_callers_of_one_queue_are_read_in_its_order() -> None:
    answer = [
        Block({"Response": "Success"}),
        Block({"Event": "QueueParams", "Queue": "support"}),
        entry("b", 2),
        entry("a", 1),
        entry("x", 1, queue="sales"),
        Block({"Event": "QueueStatusComplete"}),
    ]
    assert callers_listed("support", answer) == CallersListed("support", ("a", "b"))


class Asked:
    """Answers like Asterisk, with one caller, and knows how many questions were open at once."""

    def __init__(self) -> None:
        self.queues: list[str] = []
        self.asked: list[str] = []
        self.taken: list[CallersListed] = []
        self.open = self.most = 0
        self.lost = False
        self.failed = 0
        self.order = CallerOrder(self.query, lambda: list(self.queues), self.taken.append)

    async def query(self, action: Action) -> list[Block]:
        if self.lost:
            self.failed += 1
            raise ConnectionLost("no connection")
        queue = dict(action.headers)["Queue"]
        self.asked.append(queue)
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)  # lets another question come between, if there were one
        self.open -= 1
        return [entry("a", 1, queue)]

    async def until(self, fits: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while True:
                if fits():
                    return
                await asyncio.sleep(0)  # lets the task go on: nothing announces its questions


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setattr(caller_order, "EVERY_S", 0.0)
    return Asked()


async def test_only_queues_in_which_several_wait_are_asked_for_one_after_the_other(
    asked: Asked,
) -> None:
    asked.order.check()
    assert asked.asked == []
    asked.queues = ["support", "sales"]
    for _ in range(3):
        asked.order.check()
    await asked.until(lambda: len(asked.asked) >= 4)
    assert asked.asked[:4] == ["support", "sales"] * 2
    assert asked.most == 1
    assert asked.taken[0] == CallersListed("support", ("a",))
    asked.order.close()


async def test_a_lost_connection_is_tried_once_and_asked_again_after_it_while_callers_wait(
    asked: Asked,
) -> None:
    asked.queues, asked.lost = ["support"], True
    asked.order.check()
    await asked.until(lambda: asked.order._task is None)
    assert (asked.failed, asked.asked) == (1, [])
    asked.lost = False
    asked.order.check()
    await asked.until(lambda: len(asked.asked) >= 1)
    asked.queues = []
    await asked.until(lambda: asked.order._task is None)
    asked.order.close()


def test_a_queue_that_asterisk_spells_in_another_case_is_the_same() -> None:
    answer = [entry("b", 2, "Support"), entry("a", 1, "SUPPORT")]
    assert callers_listed("support", answer) == CallersListed("support", ("a", "b"))
