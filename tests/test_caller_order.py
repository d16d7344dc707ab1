"""Asking Asterisk for the order of a queue's callers."""

import asyncio

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
        self.order = CallerOrder(self.query, lambda: list(self.queues), self.taken.append)

    async def query(self, action: Action) -> list[Block]:
        if self.lost:
            raise ConnectionLost("no connection")
        queue = dict(action.headers)["Queue"]
        self.asked.append(queue)
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return [entry("a", 1, queue)]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while True:
                if len(self.asked) >= count:
                    return
                await asyncio.sleep(0)


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
    await asked.until(4)
    assert asked.asked[:4] == ["support", "sales"] * 2
    assert asked.most == 1
    assert asked.taken[0] == CallersListed("support", ("a",))
    asked.order.close()


async def test_nothing_is_asked_while_there_is_no_connection_and_again_after_it(
    asked: Asked,
) -> None:
    asked.queues, asked.lost = ["support"], True
    asked.order.check()
    for _ in range(5):
        await asyncio.sleep(0)
    assert asked.asked == []
    asked.lost = False
    asked.order.check()
    await asked.until(1)
    asked.queues = []
    for _ in range(5):
        await asyncio.sleep(0)
    asked.order.close()


def test_a_queue_that_asterisk_spells_in_another_case_is_the_same() -> None:
    answer = [entry("b", 2, "Support"), entry("a", 1, "SUPPORT")]
    assert callers_listed("support", answer) == CallersListed("support", ("a", "b"))
