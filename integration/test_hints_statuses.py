"""Phone hints of any line, and user statuses as pause reasons."""

import pytest

from integration.client import Client, Refused
from integration.fixtures import World

AVAILABLE, CALLING, UNREACHABLE, RINGING, UNKNOWN = 0, 1, 4, 8, -2


def hints(page: Client, number: str, after: int = 0) -> list[int]:
    return [
        body["status"]
        for body in page.bodies("PhoneHintStatusEvent", after)
        if body["number"] == number
    ]


async def test_hints_tell_what_a_phone_does_now_and_whenever_it_changes(world: World) -> None:
    bruce = await world.client("bruce")
    numbers = ["1002", "1009", "7777", "1002"]
    await bruce.ask("subscribeToPhoneHints", phoneNumbers=numbers)
    assert [hints(bruce, one) for one in ("1002", "1009", "7777")] == [
        [AVAILABLE],
        [UNREACHABLE],
        [UNKNOWN],
    ]
    call = world.phones.dial("1002")
    leg = await world.phone("1002").rings()
    await bruce.until("PhoneHintStatusEvent", number="1002", status=RINGING)
    leg.answer()
    await bruce.until("PhoneHintStatusEvent", number="1002", status=CALLING)
    begun = len(bruce.frames)
    await call.hang_up()
    await bruce.until("PhoneHintStatusEvent", number="1002", status=AVAILABLE, after=begun)
    assert hints(bruce, "1002") == [AVAILABLE, RINGING, CALLING, AVAILABLE]


async def test_who_has_unsubscribed_hears_no_more_hints(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    await bruce.ask("subscribeToPhoneHints", phoneNumbers=["1002"])
    await bruce.ask("unsubscribeFromAllPhoneHints")
    call = world.phones.dial("1002")
    await world.phone("1002").rings()
    await alice.until("PhoneStatusUpdate", status="RINGING")
    await bruce.ask("getCurrentCallsPhoneEvents")  # an answer comes after all that was told
    assert hints(bruce, "1002") == [AVAILABLE]
    await call.hang_up()


async def test_a_status_pauses_and_makes_ready_and_is_told(world: World) -> None:
    bruce = await world.client("bruce")
    listed = {one["name"]: one for one in (await bruce.until("UsersStatuses"))}
    assert listed["lunch"]["actions"] == [{"name": "queuepause_all", "parameters": "true"}]
    assert (await bruce.until("UserStatusUpdate"))["status"] == "available"
    await bruce.ask("agentLogin", agentphonenumber="1001")
    begun = len(bruce.frames)
    await bruce.ask("userStatusUpdate", status="lunch")
    paused = await bruce.until("AgentStateEvent", name="AgentOnPause", after=begun)
    assert paused["cause"] == "lunch"
    await bruce.until("UserStatusUpdate", status="lunch", after=begun)
    assert await told_anew(world) == "lunch"
    begun = len(bruce.frames)
    await bruce.ask("userStatusUpdate", status="available")
    await bruce.until("AgentStateEvent", name="AgentReady", after=begun)
    await bruce.until("UserStatusUpdate", status="available", after=begun)
    with pytest.raises(Refused, match="StatusUnknown"):
        await bruce.ask("userStatusUpdate", status="sabbatical")


async def test_a_status_chosen_during_a_call_is_told_at_once_and_kept_after_it(
    world: World,
) -> None:
    bruce = await world.agent("bruce", "1001")
    call = world.phones.dial("3001")
    leg = await world.phone("1001").rings()
    leg.answer()
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    begun = len(bruce.frames)
    await bruce.ask("userStatusUpdate", status="lunch")
    await bruce.until("UserStatusUpdate", status="lunch", after=begun)
    await call.hang_up()
    ended = await bruce.until("AgentStateEvent", name="AgentOnPause", after=begun)
    assert ended["cause"] == "lunch"


async def told_anew(world: World) -> str:
    """The status that another page of the same user is told as it opens."""
    page = await world.client("bruce")
    return str((await page.until("UserStatusUpdate"))["status"])


async def test_the_end_of_a_pause_is_told_after_a_restart_of_xucd(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.ask("userStatusUpdate", status="lunch")
    await world.xucd.stop()
    await world.xucd.start()
    again = await world.client("bruce")
    assert (await again.until("UserStatusUpdate"))["status"] == "lunch"
    await again.ask("unpauseAgent")
    await again.until("UserStatusUpdate", status="available")
