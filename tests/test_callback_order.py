"""Many who work on callbacks at once: nobody waits for another, and all hear it in one order."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from tests.held_store import Held
from tests.scene import ALICE, BRUCE, Scene
from tests.test_context import Script, a_context
from xucd.callbacks.service import XUCD, Callbacks
from xucd.center.callbacks import NewRequest, Request
from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.config.plan import Plan
from xucd.cti.messages import CallbackLists, Message
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.store import Store
from xucd.store import callback_reading as reading
from xucd.store import callback_writing as writing
from xucd.store.apply import apply

MANY = 30


class Work:
    """The service on a store that is busy, with many requests in it."""

    def __init__(self, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
        context = a_context(Scene(), Script())
        context.journal = held.journal
        self.held = held
        self.callbacks = Callbacks(context)
        self.told: list[UUID] = []
        monkeypatch.setattr(self.callbacks._publisher, "taken", self.hear)
        monkeypatch.setattr(self.callbacks._publisher, "updated", self.hear)
        monkeypatch.setattr(self.callbacks._publisher, "clotured", self.hear)

    def hear(self, request: Request, *_: int | None) -> None:
        self.told.append(request.uuid)


@pytest.fixture
def requests(store: Store, demo_plan: Plan) -> list[UUID]:
    apply(store, demo_plan)
    first, *_ = reading.lists(store)
    new = [NewRequest(phone_number=f"02302100{n:02}") for n in range(MANY)]
    created = writing.create(store, first.uuid, new, lambda _: None, now=1.0)
    return [each.uuid for each in created]


@pytest.fixture
async def work(requests: list[UUID], held: Held, monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(held, monkeypatch)


def someone(agent_id: int) -> Session:
    user = User(2, "bruce", "", "", agent_id=agent_id)
    return Session(user, SignInKey("s", "g"), rights_of(user, strict=False), writer=None)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_many_who_take_callbacks_wait_for_one_transaction(
    work: Work, requests: list[UUID], commits: list[None]
) -> None:
    before = len(commits)
    taking = [asyncio.ensure_future(work.callbacks.take(each, someone(BRUCE))) for each in requests]
    await turns()
    await work.held.release()
    await asyncio.gather(*taking)
    assert len(commits) - before <= 2
    assert work.told == requests


async def test_of_two_who_take_one_callback_at_once_the_first_has_it(
    work: Work, requests: list[UUID]
) -> None:
    first = asyncio.ensure_future(work.callbacks.take(requests[0], someone(BRUCE)))
    second = asyncio.ensure_future(work.callbacks.take(requests[0], someone(ALICE)))
    gone = asyncio.ensure_future(work.callbacks.remove(requests[1], XUCD))
    missing = asyncio.ensure_future(work.callbacks.take(requests[1], someone(ALICE)))
    await turns()
    await work.held.release()
    assert (await first).agent_id == BRUCE
    with pytest.raises(Refused, match="CallbackTaken"):
        await second
    await gone
    with pytest.raises(Refused, match="CallbackUnknown"):
        await missing
    assert work.told == requests[:2]


async def test_who_asks_for_the_lists_hears_each_change_once(
    work: Work, requests: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = someone(BRUCE)
    lists: list[tuple[list[UUID], list[UUID]]] = []

    def sent(body: Message) -> None:
        assert isinstance(body, CallbackLists)
        taken = [
            UUID(str(request.uuid))
            for each in body.items
            for request in each.callbacks
            if request.agent_id is not None
        ]
        lists.append((taken, work.told[:]))

    monkeypatch.setattr(who, "send", sent)
    before = asyncio.ensure_future(work.callbacks.take(requests[0], someone(ALICE)))
    await turns()
    asking = asyncio.ensure_future(work.callbacks.subscribe(who))
    await turns()
    after = asyncio.ensure_future(work.callbacks.take(requests[1], someone(ALICE)))
    await turns()
    await work.held.release()
    await asyncio.gather(before, asking, after)
    assert lists == [([requests[0]], [requests[0]])]
    assert work.told == requests[:2]
