"""Who listens to whom, by events alone, and what is asked of Asterisk for it."""

import pytest

from tests.scene import BRUCE, Scene
from xucd.ami.actions import for_intent
from xucd.ami.errors import InvalidValue
from xucd.center import events as ev
from xucd.center.changes import AgentListened
from xucd.center.events import ChannelState
from xucd.center.intents import HangUp, Listen
from xucd.center.rules.listening import is_listening, listening_id
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot

BEGUN = AgentListened(BRUCE, "1004", 4, True)
ENDED = AgentListened(BRUCE, "1004", 4, False)


def talking() -> tuple[Scene, str]:
    """Bruce talks; returns his channel's unique id."""
    scene = Scene()
    scene.logs_in()
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.forget()
    return scene, phone


def rings_to_listen(scene: Scene, phone: str) -> str:
    """The line 1004 is rung to listen to that channel."""
    unique_id = listening_id(scene.center.channels.by_id[phone], "t")
    name, down, ringing = "PJSIP/1004-00000007", ChannelState.DOWN, ChannelState.RINGING
    scene.happens(
        ev.ChannelCreated(name, unique_id, unique_id, down, "1004", "", ""),
        ev.ChannelMoved(unique_id, unique_id, ringing, "1004", "", "1001", ""),
    )
    return unique_id


def starts(scene: Scene, spyer: str, phone: str) -> ev.SpyStarted:
    scene.happens(ev.ChannelMoved(spyer, spyer, ChannelState.UP, "1004", "", "1001", ""))
    return ev.SpyStarted(spyer, phone)


def listened(scene: Scene) -> list[AgentListened]:
    return [change for change in scene.told if isinstance(change, AgentListened)]


def test_listening_begins_and_ends_by_asterisks_word_and_each_is_told_once() -> None:
    scene, phone = talking()
    spyer = rings_to_listen(scene, phone)
    assert listened(scene) == []
    begun = starts(scene, spyer, phone)
    scene.happens(begun, begun)
    assert listened(scene) == [BEGUN]
    # 22 no longer names who was listened to when that channel is gone already.
    scene.happens(ev.SpyStopped(spyer))
    scene.hangs_up(spyer)
    assert listened(scene) == [BEGUN, ENDED]


def test_a_listener_that_is_gone_listens_no_longer() -> None:
    scene, phone = talking()
    spyer = rings_to_listen(scene, phone)
    scene.happens(starts(scene, spyer, phone))
    scene.hangs_up(spyer)
    assert listened(scene) == [BEGUN, ENDED]


def test_a_phone_that_still_rings_to_listen_is_hung_up_with_the_call() -> None:
    scene, phone = talking()
    spyer = rings_to_listen(scene, phone)
    scene.hangs_up(phone)
    assert HangUp(scene.center.channels.by_id[spyer].name) in scene.asked


def test_a_phone_listens_from_its_first_ring_on_to_that_one_channel() -> None:
    scene, phone = talking()
    channel = scene.center.channels.by_id[phone]
    assert not is_listening(scene.center, "PJSIP/1004", channel)
    spyer = rings_to_listen(scene, phone)
    assert is_listening(scene.center, "PJSIP/1004", channel)
    assert not is_listening(scene.center, "PJSIP/1004", scene.center.channels.by_id[spyer])


@pytest.mark.parametrize(
    ("channel", "number", "line_id"),
    [("PJSIP/1004-00000007", "1004", 4), ("PJSIP/trunk-00000007", "0611", None)],
)
def test_a_listener_is_known_by_its_line_or_else_by_the_number_it_calls_from(
    channel: str, number: str, line_id: int | None
) -> None:
    scene, phone = talking()
    scene.happens(
        ev.ChannelCreated(channel, "s", "s", ChannelState.RING, "0611", "Ann", "*33"),
        ev.SpyStarted("s", phone),
    )
    assert listened(scene) == [AgentListened(BRUCE, number, line_id, True)]


def test_a_call_of_no_agent_that_ends_hangs_up_nobody() -> None:
    scene, phone = talking()
    spyer = rings_to_listen(scene, phone)
    scene.center.free_lines()
    scene.hangs_up(phone)
    assert scene.asked == []
    assert spyer in scene.center.channels.by_id


def test_somebody_who_listens_to_no_agent_is_not_told_of() -> None:
    scene, phone = talking()
    caller = scene.center.channels.by_id[phone].linked_id
    spyer = rings_to_listen(scene, phone)
    scene.happens(starts(scene, spyer, caller))
    assert listened(scene) == []


def seen(application: str, data: str, unique_id: str, name: str) -> ChannelSeen:
    return ChannelSeen(
        name,
        unique_id,
        unique_id,
        ChannelState.UP,
        "1004",
        "",
        "",
        "",
        "",
        application,
        data,
        "",
        5,
    )


def member() -> MemberSeen:
    return MemberSeen("support", "PJSIP/1001", "Agent/2501", 0, True, "", 0, 0)


def test_who_listens_is_found_in_a_snapshot_and_who_ceased_meanwhile_is_told() -> None:
    scene, _ = talking()
    agent = seen("AppQueue", "(Outgoing Line)", "m", "PJSIP/1001-2")
    spyer = seen("ChanSpy", "PJSIP/1001-2,qg(a,b)", "s", "PJSIP/1004-9")
    known = frozenset({"support"})
    for _ in range(2):
        scene.rebuilds(Snapshot(known, (member(),), (), (agent, spyer), {}))
    assert listened(scene) == [BEGUN]
    scene.rebuilds(Snapshot(known, (member(),), (), (agent,), {}))
    assert listened(scene) == [BEGUN, ENDED]


def test_listening_is_asked_for_on_one_exact_channel_and_never_on_a_list() -> None:
    asked = for_intent(Listen("PJSIP/1007", "PJSIP/1001-0000002a", "1001", "id")).as_dict()
    assert asked["Data"] == "PJSIP/1001-0000002a,qES"
    assert (asked["Channel"], asked["CallerID"]) == ("PJSIP/1007", "<1001>")
    assert "Variable" not in asked
    for channel in ("PJSIP/1001-1,w", "PJSIP/1001-1|w", "PJSIP/1001-1\r\nAction: Logoff"):
        with pytest.raises(InvalidValue):
            for_intent(Listen("PJSIP/1007", channel, "1001", "id"))


def test_a_phone_that_listens_already_is_left_to_asterisk_when_the_call_ends() -> None:
    scene, phone = talking()
    spyer = rings_to_listen(scene, phone)
    scene.happens(starts(scene, spyer, phone))
    scene.forget()
    scene.hangs_up(phone)
    assert [intent for intent in scene.asked if isinstance(intent, HangUp)] == []
