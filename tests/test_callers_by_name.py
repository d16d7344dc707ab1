"""Colleagues whose number holds letters: Asterisk's events tell them by name alone."""

import pytest

from tests.scene import Scene, directory
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.directory import Directory, Line
from xucd.center.events import ChannelState
from xucd.center.rules.listening import PREFIX


def centre() -> Directory:
    before = directory()
    return Directory(
        groups=before.groups.values(),
        queues=before.queues.values(),
        lines=[*before.lines.values(), Line(9, "bob", "PJSIP/bob")],
        agents=before.agents.values(),
    )


@pytest.mark.parametrize(
    ("channel", "number", "name"),
    [
        ("PJSIP/bob-1", "bob", ""),
        ("PJSIP/trunk-1", "", "bob"),
    ],
)
def test_only_who_calls_from_inside_is_a_colleague_by_name(
    channel: str, number: str, name: str
) -> None:
    scene = Scene(centre=centre())
    scene.happens(
        ev.ChannelCreated(channel, "t", "t", ChannelState.RING, "", "bob", "1001"),
        ev.ChannelCreated("PJSIP/1001-2", "p", "t", ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved("p", "t", ChannelState.RINGING, "1001", "", "", "bob"),
    )
    calls = [each.call for each in scene.told if isinstance(each, ch.PhoneCallChanged)]
    assert [(call.number, call.name) for call in calls][-1:] == [(number, name)]


def test_a_call_that_xucd_has_begun_is_with_the_colleague_it_names() -> None:
    scene, own = Scene(centre=centre()), f"{PREFIX}1"
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-1", own, own, ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved(own, own, ChannelState.RINGING, "1001", "", "", "bob"),
    )
    calls = [each.call for each in scene.told if isinstance(each, ch.PhoneCallChanged)]
    assert [(call.number, call.name) for call in calls][-1:] == [("bob", "")]
