"""Messages that callers leave: when due, what the script asks and keeps, what is played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from twisted.internet import reactor as twisted_reactor

from tests.test_agi_server import Asterisk
from xucd.agi import callback
from xucd.agi.server import AgiServer
from xucd.agi.syntax import AgiRequest
from xucd.ami.actions import for_intent
from xucd.center.intents import PlayMessage
from xucd.center.refused import Refused

reactor: Any = twisted_reactor

REFERENCE = "0123456789abcdef0123456789abcdef"


def test_a_message_is_played_by_the_dialplan_which_alone_knows_where_it_is() -> None:
    asked = for_intent(PlayMessage("PJSIP/1001", REFERENCE, "0230210082", "id")).as_dict()
    assert (asked["Action"], asked["Channel"]) == ("Originate", "PJSIP/1001")
    assert asked["Context"] == "xucd-callback-listen"
    assert asked["Variable"] == f"XUCD_MESSAGE={REFERENCE}"
    assert asked["ChannelId"] == "id"


class Wishes:
    """Keeps what it is told, unless it cannot."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str, str | None]] = []
        self.works = True
        self.callers: list[str] = []
        self.asked, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()

    def count_callback(self, unique_id: str) -> None:
        self.callers.append(unique_id)

    async def offer(self, queue: str) -> str | None:
        return REFERENCE if queue == "support" else None

    async def leave(self, queue: str, number: str, name: str, reference: str | None) -> None:
        if not self.works:
            raise Refused("StoreUnavailable")
        self.asked.set()
        await self.may_end.wait()
        self.kept.append((queue, number, name, reference))


class Ground:
    """The script, served."""

    def __init__(self) -> None:
        self.wishes = Wishes()
        self.server = AgiServer({"callback": callback.script(self.wishes)})
        self.listening = reactor.listenTCP(0, self.server, interface="127.0.0.1")
        self.port: int = self.listening.getHost().port

    async def run(self, *arguments: str, **variables: str) -> dict[str, str]:
        """One request of a channel with these variables; returns those that were set."""
        asterisk = await Asterisk.connect(self.port, "callback", *arguments)
        found: dict[str, str] = {}
        while line := await asterisk.hears():
            verb, _, name, *value = line.split(" ")
            name = name.strip('"')
            if verb == "SET":
                found[name] = value[0].strip('"')
                asterisk.say("200 result=1\n")
            elif name in variables:
                asterisk.say(f"200 result=1 ({variables[name]})\n")
            else:
                asterisk.say("200 result=0\n")
        assert await asterisk.is_left()
        return found


@pytest_asyncio.fixture
async def ground() -> AsyncIterator[Ground]:
    ground = Ground()
    yield ground
    await ground.listening.stopListening().asFuture(asyncio.get_running_loop())
    ground.server.close()


async def test_a_caller_is_asked_for_a_message_only_where_somebody_will_call(
    ground: Ground,
) -> None:
    assert await ground.run("offer", QUEUENAME="support") == {"XUCD_CALLBACK": REFERENCE}
    assert await ground.run("offer", QUEUENAME="sales") == {}
    assert await ground.run("offer") == {}
    assert len(ground.wishes.callers) == 1


LEFT = {
    "QUEUENAME": "support",
    "XUCD_CALLBACK": REFERENCE,
    "XUCD_CALLBACK_NUMBER": "0298765432",
}


async def test_a_wish_is_kept_once_however_often_the_dialplan_says_it(ground: Ground) -> None:
    for _ in range(2):  # as it does where the caller hangs up while it is told so
        assert await ground.run("leave", "32044", **LEFT) == {"XUCD_CALLBACK_DONE": "1"}
    assert ground.wishes.kept == [("support", "0298765432", "Élise", REFERENCE)]


class Call:
    """A conversation with nothing in between."""

    request = AgiRequest("callback", ("leave", "60000"), {"uniqueid": "1700000000.1"})

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    async def get(self, name: str) -> str:
        return LEFT[name]

    async def set(self, name: str, value: str) -> None:
        self.found[name] = value


async def test_a_caller_who_hangs_up_amid_a_wish_and_says_it_again_has_one() -> None:
    wishes = Wishes()
    wishes.may_end.clear()
    leave: Any = callback.script(wishes)
    calls = Call(), Call()
    both = [asyncio.create_task(leave(call)) for call in calls]
    await wishes.asked.wait()
    for _ in range(10):
        await asyncio.sleep(0)  # the second one comes as far as it can
    wishes.may_end.set()
    await asyncio.gather(*both)
    assert [call.found for call in calls] == [{"XUCD_CALLBACK_DONE": "1"}] * 2
    assert len(wishes.kept) == 1


async def test_a_wish_that_could_not_be_kept_is_not_told_as_done_and_can_be_said_again(
    ground: Ground,
) -> None:
    ground.wishes.works = False
    assert await ground.run("leave", "32044", **LEFT) == {}
    ground.wishes.works = True
    assert await ground.run("leave", "32044", **LEFT) == {"XUCD_CALLBACK_DONE": "1"}
    assert len(ground.wishes.kept) == 1


@pytest.mark.parametrize("size", [None, "", "0", "44", "8043", "many", "9" * 20])
async def test_a_recording_that_holds_nothing_is_no_message(
    ground: Ground, size: str | None
) -> None:
    arguments = () if size is None else (size,)
    assert await ground.run("leave", *arguments, **LEFT) == {"XUCD_CALLBACK_DONE": "1"}
    assert [kept[3] for kept in ground.wishes.kept] == [None]


async def test_a_request_that_makes_no_sense_changes_nothing(ground: Ground) -> None:
    assert await ground.run("leave", "32044", **LEFT | {"XUCD_CALLBACK": "../x"}) == {}
    assert await ground.run("leave", "32044", QUEUENAME="support") == {}
    assert await ground.run("boil", "32044", **LEFT) == {}
    assert await ground.run(**LEFT) == {}
    assert ground.wishes.kept == []
