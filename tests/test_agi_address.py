"""What the owner of a PBX tells the dialplan of its FastAGI server, and the calls that it frees."""

import asyncio

import pytest

from xucd.ami.actions import Action
from xucd.ami.errors import ConnectionLost, Rejected
from xucd.ami.framing import Block
from xucd.app import agi_address
from xucd.app.agi_address import AgiAddress
from xucd.config.settings import Agi

OURS, BEFORE = "127.0.0.1:4574", "127.0.0.1:4573"


def channel(name: str, address: str, context: str = "xucd-agi") -> Block:
    return {
        "Event": "CoreShowChannel",
        "Channel": name,
        "Context": context,
        "Exten": "s",
        "Priority": "5",
        "Application": "AGI",
        "ApplicationData": f"agi://{address}/sheet,customer,",
    }


class Asterisk:
    """One global variable, and channels. `gone` can no longer be redirected."""

    def __init__(self, value: str, channels: list[Block] | None = None) -> None:
        self.value = value
        self.channels = channels or []
        self.gone: set[str] = set()
        self.redirected: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.connected = True
        self.failed, self.told = asyncio.Event(), asyncio.Event()

    async def query(self, action: Action) -> list[Block]:
        self.asked.append(action.name)
        headers = dict(action.headers)
        if not self.connected:
            self.failed.set()
            raise ConnectionLost("no connection to Asterisk")
        match action.name:
            case "Getvar":
                return [{"Response": "Success", "Variable": "XUCD_AGI", "Value": self.value}]
            case "Setvar":
                assert headers["Variable"] == "XUCD_AGI"
                self.value = headers["Value"]
                self.told.set()
            case "CoreShowChannels":
                assert self.value == OURS  # else one that comes meanwhile is not freed
                complete = {"Event": "CoreShowChannelsComplete"}
                return [{"Response": "Success"}, *self.channels, complete]
            case "Redirect":
                if headers["Channel"] in self.gone:
                    raise Rejected("Redirect", "Redirect failed, channel not up.")
                self.redirected.append(headers)
        return [{"Response": "Success"}]


async def test_the_calls_that_wait_for_the_owner_before_are_sent_to_their_step_again() -> None:
    asterisk = Asterisk(
        BEFORE,
        [
            channel("PJSIP/a", BEFORE),
            channel("PJSIP/hung-up", BEFORE),
            channel("PJSIP/ours", OURS),
            channel("PJSIP/elsewhere", "127.0.0.1:45730"),
            channel("PJSIP/users-own", BEFORE, "from-trunk"),
            channel("PJSIP/b", BEFORE),
        ],
    )
    asterisk.gone.add("PJSIP/hung-up")
    await AgiAddress(OURS, asterisk.query).announce()
    assert asterisk.value == OURS
    assert [each["Channel"] for each in asterisk.redirected] == ["PJSIP/a", "PJSIP/b"]
    assert asterisk.redirected[0] == {
        "Channel": "PJSIP/a",
        "Context": "xucd-agi",
        "Exten": "s",
        "Priority": "5",
    }


async def test_a_dialplan_that_knows_the_address_is_told_nothing() -> None:
    asterisk = Asterisk(OURS, [channel("PJSIP/a", OURS)])
    await AgiAddress(OURS, asterisk.query).announce()
    assert asterisk.asked == ["Getvar"]


async def test_no_call_is_looked_for_where_there_was_no_owner_before() -> None:
    asterisk = Asterisk("")
    await AgiAddress(OURS, asterisk.query).announce()
    assert asterisk.asked == ["Getvar", "Setvar"]


async def test_a_dialplan_that_has_forgotten_the_address_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agi_address, "EVERY_S", 0.001)
    asterisk = Asterisk("")
    asterisk.connected = False
    watching = asyncio.create_task(AgiAddress(OURS, asterisk.query).watch())
    async with asyncio.timeout(10):
        await asterisk.failed.wait()
        asterisk.connected = True
        await asterisk.told.wait()
    watching.cancel()
    assert asterisk.value == OURS


def test_an_address_stands_in_a_url_as_it_is_written_there() -> None:
    assert Agi(port=4573).address == "127.0.0.1:4573"
    assert Agi(host="::1", port=4573).address == "[::1]:4573"


async def test_calls_that_could_not_be_freed_are_freed_with_the_next_look() -> None:
    asterisk = Asterisk(BEFORE, [channel("PJSIP/a", BEFORE)])
    address = AgiAddress(OURS, asterisk.query)
    whole = asterisk.query

    async def breaks(action: Action) -> list[Block]:
        asterisk.connected = action.name != "CoreShowChannels"
        return await whole(action)

    address._query = breaks
    await address.announce()
    assert (asterisk.value, asterisk.redirected) == (OURS, [])
    asterisk.connected, address._query = True, whole
    await address.announce()
    assert [each["Channel"] for each in asterisk.redirected] == ["PJSIP/a"]
