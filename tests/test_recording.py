"""Which recordings may be paused, and what is left on a channel for a later xucd."""

import pytest

from tests.scene import BRUCE, Scene
from tests.test_context import Script, a_context
from xucd.ami.actions import for_intent
from xucd.center import events as ev
from xucd.center.directory import User
from xucd.center.events import ChannelState
from xucd.center.intents import MarkCaller, MarkRecording, Mute
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.snapshot import ChannelSeen, Snapshot
from xucd.commands.recording import monitor
from xucd.cti.commands import MonitorPause, MonitorUnpause
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey

TRUNK = "PJSIP/trunk-00000001"


class Table:
    """A scene with a call of bruce's, and his commands; Asterisk answers as it does."""

    def __init__(self) -> None:
        self.scene, self.script = Scene(), Script()
        self.scene.logs_in()
        self.context = a_context(self.scene, self.script)
        user = User(1, "bruce", "Bruce", "Wail", line_id=1, agent_id=BRUCE)
        self.who = Session(user, SignInKey("", ""), rights_of(user, strict=True), writer=None)
        self.script.events = self.obey

    def obey(self) -> None:
        asked = self.script.asked[-1]
        if isinstance(asked, Mute):
            caller = self.scene.center.channels.by_id["caller1"]
            self.scene.happens(ev.RecordingMuted("caller1", asked.muted))
            assert caller.name == asked.channel
            self.context.asterisk.check_waiting()

    def talks(self, *, recorded: bool = True) -> None:
        caller = self.scene.caller_waits()
        if recorded:
            self.scene.happens(ev.RecordingStarted(TRUNK, caller))
        self.scene.answers(caller, self.scene.rings(caller))

    async def refused(self) -> str:
        with pytest.raises(Refused) as refusal:
            await monitor(self.context, MonitorPause(), self.who)
        assert self.script.asked == []
        return refusal.value.code


async def test_the_mark_never_claims_a_pause_that_is_not() -> None:
    table = Table()
    table.talks()
    await monitor(table.context, MonitorPause(), table.who)
    await monitor(table.context, MonitorPause(), table.who)
    await monitor(table.context, MonitorUnpause(), table.who)
    assert table.script.asked == [
        Mute(TRUNK, True),
        MarkRecording(TRUNK, "1"),
        MarkRecording(TRUNK, "0"),
        Mute(TRUNK, False),
    ]
    states = [change.shown.call for change in table.scene.told if hasattr(change, "shown")]
    shown = [call.recording for call in states if call is not None]
    assert shown[-2:] == ["PAUSED", "ACTIVE"]


async def test_what_asterisk_would_mute_without_a_recording_is_refused_first() -> None:
    table = Table()
    assert await table.refused() == "AgentNotOnCall"
    table.talks(recorded=False)
    assert await table.refused() == "NotRecorded"


async def test_a_recorded_call_without_a_queue_cannot_be_paused() -> None:
    table = Table()
    up, down = ChannelState.UP, ChannelState.DOWN
    table.scene.happens(
        ev.ChannelCreated("PJSIP/1001-1", "p", "p", down, "1001", "", ""),
        ev.ChannelMoved("p", "p", up, "1001", "", "", ""),
        ev.RecordingStarted("PJSIP/1001-1", "p"),
    )
    assert await table.refused() == "NotQueueCall"


async def test_whoever_has_the_call_after_a_transfer_can_pause_it() -> None:
    table = Table()
    table.talks()
    table.scene.hangs_up("caller1at8")
    up, down = ChannelState.UP, ChannelState.DOWN
    table.scene.happens(
        ev.ChannelCreated("PJSIP/1001-9", "n", "caller1", down, "1001", "", ""),
        ev.ChannelMoved("n", "caller1", up, "1001", "", "", ""),
    )
    await monitor(table.context, MonitorPause(), table.who)
    assert Mute(TRUNK, True) in table.script.asked


def test_a_recording_that_stopped_is_marked_until_it_starts_again() -> None:
    scene = Scene()
    caller = scene.caller_waits()
    started = ev.RecordingStarted(TRUNK, caller)
    stopped = ev.RecordingStopped(TRUNK, caller)
    scene.happens(started)
    assert scene.asked == []
    scene.happens(stopped, stopped, started, started)
    assert scene.asked == [MarkRecording(TRUNK, "stopped"), MarkRecording(TRUNK, "0")]


def test_a_caller_is_marked_with_the_queue_through_which_it_was_answered() -> None:
    scene = Scene()
    scene.logs_in()
    caller = scene.caller_waits()
    scene.answers(caller, scene.rings(caller))
    assert scene.marked == [MarkCaller(TRUNK, "support")]
    asked = for_intent(scene.marked[0]).as_dict()
    assert (asked["Action"], asked["Variable"], asked["Value"]) == (
        "Setvar",
        "XUCD_QUEUE",
        "support",
    )


def test_muting_is_asked_for_both_directions() -> None:
    asked = for_intent(Mute(TRUNK, True)).as_dict()
    assert (asked["Direction"], asked["State"]) == ("both", "1")
    asked = for_intent(MarkRecording(TRUNK, "stopped")).as_dict()
    assert (asked["Variable"], asked["Value"]) == ("XUCD_MUTED", "stopped")


@pytest.mark.parametrize(
    ("application", "data", "bridge", "marked", "queue"),
    [
        ("Queue", "sales,r", "b", False, "sales"),
        ("Queue", '"Sales",r', "b", False, "sales"),
        ("Queue", "sales,r", "", False, ""),  # it still waits
        ("Dial", "sales,r", "b", False, ""),
        ("Dial", "sales,r", "b", True, "support"),
    ],
)
def test_a_call_that_xucd_finds_came_from_a_queue_if_it_is_in_one_or_marked(
    application: str, data: str, bridge: str, marked: bool, queue: str
) -> None:
    scene = Scene()
    seen = ChannelSeen(
        TRUNK, "c", "c", ChannelState.UP, "0230", "", "", "", "", application, data, bridge, 9
    )
    marks = {"c": "support"} if marked else {}
    scene.rebuilds(Snapshot(frozenset(), (), (), (seen,), {}, {"c": False}, marks))
    assert scene.center.channels.by_id["c"].from_queue == queue
