"""Queues' figures, from the events of their callers."""

import msgspec
import pytest

from tests.scene import ALICE, BILLING, BRUCE, DAY, OUTCOMES, SALES, SUPPORT, Scene, directory
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.center import Center, Remembered
from xucd.center.directory import Directory
from xucd.center.events import ChannelState
from xucd.center.inheriting import inherit
from xucd.center.queue_day import QueueDay, percentage
from xucd.center.queue_stats import QueueStats
from xucd.center.queue_window import KEPT
from xucd.center.rules.queues import called_back
from xucd.center.snapshot import ChannelSeen, Snapshot
from xucd.center.waiting import Waiting
from xucd.cti.messages import QueueStatistic as Figure
from xucd.cti.messages import window_name
from xucd.store.journal import midnight_after
from xucd.views import queues as queue_views


@pytest.fixture
def scene() -> Scene:
    return Scene()


def day(scene: Scene, queue_id: int = SUPPORT) -> QueueDay:
    return scene.center.queue_stats.days[queue_id]


def status(scene: Scene, caller: str, value: str) -> None:
    scene.happens(ev.VariableSet(caller, "QUEUESTATUS", value))


def leaves(scene: Scene, caller: str, *, abandoned: bool = True) -> None:
    """What Asterisk says of a caller who waits no longer and was not connected."""
    if abandoned:
        scene.happens(ev.CallerAbandoned("support", caller, 0))
    scene.happens(ev.CallerLeft("support", caller))


def snapshot(*callers: ev.CallerJoined, channels: tuple[ChannelSeen, ...] = ()) -> Snapshot:
    return Snapshot(frozenset({"support"}), (), callers, channels, {})


def waiting(unique_id: str, waited: int = 0, position: int = 1) -> ev.CallerJoined:
    return ev.CallerJoined("support", "caller", unique_id, position, "023", "", waited)


def values(scene: Scene, queue_id: int = SUPPORT) -> dict[str, float]:
    body = queue_views.queue_statistics(scene.center, queue_id, scene.now)
    return {one.stat_name: one.value for one in body.counters}


def holds(scene: Scene) -> None:
    """Everybody who has entered waits, or is in one outcome."""
    for queue_id in scene.center.directory.queues:
        told = values(scene, queue_id)
        ends = (*OUTCOMES, Figure.WAITING_CALLS)
        assert told[Figure.ENTERED] == sum(told[end] for end in ends), told


def test_a_caller_who_is_connected_is_answered_and_soon_if_before_the_limit(scene: Scene) -> None:
    scene.logs_in()
    for wait in (14.9, 15.0):
        caller = scene.caller_waits()
        phone = scene.rings(caller)
        scene.passes(wait)
        scene.answers(caller, phone)
        scene.hangs_up(phone, caller)
    assert day(scene) == QueueDay(entered=2, answered=2, answered_soon=1)


def test_a_caller_who_hangs_up_has_abandoned_and_late_from_the_limit_on(scene: Scene) -> None:
    for wait in (14.9, 15.0, 16.0):
        caller = scene.caller_waits()
        scene.passes(wait)
        leaves(scene, caller)
        scene.hangs_up(caller)
    assert day(scene) == QueueDay(entered=3, abandoned=3, abandoned_late=2)


@pytest.mark.parametrize("value", ["TIMEOUT", "LEAVEEMPTY", "LEAVEUNAVAIL"])
def test_a_caller_whom_the_queue_lets_go_has_timed_out_whatever_asterisk_calls_it(
    scene: Scene, value: str
) -> None:
    caller = scene.caller_waits()
    leaves(scene, caller)
    assert day(scene) == QueueDay(entered=1)
    status(scene, caller, value)
    scene.hangs_up(caller)
    assert day(scene) == QueueDay(entered=1, timed_out=1)


@pytest.mark.parametrize("value", ["JOINEMPTY", "JOINUNAVAIL", "FULL"])
def test_a_caller_who_is_turned_away_has_not_entered_and_counts_as_closed(
    scene: Scene, value: str
) -> None:
    scene.happens(ev.CallerSent("support", "a"))
    status(scene, "a", value)
    status(scene, "a", value)
    assert day(scene) == QueueDay(closed=1)


def test_an_event_told_twice_counts_once(scene: Scene) -> None:
    scene.logs_in()
    caller = scene.caller_waits()
    scene.happens(waiting(caller))
    phone = scene.rings(caller)
    for _ in range(2):
        scene.happens(
            ev.CallerLeft("support", caller),
            ev.AgentConnected("support", caller, phone, 3, ""),
        )
    scene.hangs_up(phone, caller)
    assert day(scene) == QueueDay(entered=1, answered=1, answered_soon=1)


def test_a_leave_told_twice_does_not_lengthen_the_wait(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.passes(14)
    leaves(scene, caller)
    scene.passes(0.9)
    leaves(scene, caller)
    scene.hangs_up(caller)
    assert day(scene) == QueueDay(entered=1, abandoned=1)
    assert scene.center.queue_stats.window(SUPPORT, 3600, 14.5, scene.now).abandoned_late == 0


def test_a_caller_who_goes_on_to_another_queue_has_entered_both(scene: Scene) -> None:
    caller = scene.caller_waits()
    leaves(scene, caller, abandoned=False)
    scene.happens(ev.CallerJoined("sales", "caller", caller, 1, "023", ""))
    assert day(scene) == QueueDay(entered=1, diverted=1)
    assert day(scene, SALES) == QueueDay(entered=1)


def test_a_queue_of_somebody_else_changes_nothing(scene: Scene) -> None:
    scene.happens(
        ev.CallerSent("doctors", "a"),
        ev.VariableSet("a", "QUEUESTATUS", "JOINEMPTY"),
        ev.CallerJoined("doctors", "caller", "a", 1, "", ""),
        ev.CallerAbandoned("doctors", "a", 1),
        ev.CallerLeft("doctors", "a"),
    )
    assert scene.told == []


def test_percentages_are_of_the_calls_whose_end_is_known(scene: Scene) -> None:
    for _ in range(3):
        caller = scene.caller_waits()
        leaves(scene, caller)
        scene.hangs_up(caller)
    scene.caller_waits()
    told = values(scene)
    assert (told[Figure.ABANDONED_SHARE], told[Figure.ANSWERED_SHARE]) == (100, 0)
    assert (told[Figure.ENTERED], told[Figure.WAITING_CALLS]) == (4, 1)


def test_agents_count_in_each_of_their_queues_by_what_they_do(scene: Scene) -> None:
    def agents(queue_id: int) -> tuple[float, float, float]:
        told = values(scene, queue_id)
        return (
            told[Figure.LOGGED_IN_AGENTS],
            told[Figure.AVAILABLE_AGENTS],
            told[Figure.TALKING_AGENTS],
        )

    scene.logs_in()
    scene.logs_in(ALICE)
    assert (agents(SUPPORT), agents(BILLING)) == ((2, 2, 0), (1, 1, 0))
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    assert agents(SUPPORT) == (2, 1, 0)
    scene.answers(caller, phone)
    assert (agents(SUPPORT), agents(BILLING)) == ((2, 1, 1), (1, 0, 1))
    scene.happens(ev.MemberRemoved("billing", "PJSIP/1001", "Agent/2501"))
    assert agents(BILLING) == (0, 0, 0)
    scene.pauses(True, "lunch", ALICE)
    assert agents(SUPPORT) == (2, 0, 1)


def test_waiting_is_told_anew_every_second_and_not_once_it_is_over(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.passes(1)
    scene.forget()
    scene.passes(3)
    assert scene.told == [ch.QueueStatsChanged(SUPPORT)] * 3
    assert values(scene)[Figure.LONGEST_WAIT] == 4
    leaves(scene, caller)
    scene.hangs_up(caller)
    scene.forget()
    scene.passes(10)
    assert scene.told == []
    assert values(scene)[Figure.LONGEST_WAIT] == 0


def test_callers_are_listed_in_the_queues_order(scene: Scene) -> None:
    scene.happens(waiting("a"), waiting("b", position=2), waiting("vip"))
    listed = queue_views.queue_calls(scene.center, SUPPORT).calls
    stats = scene.center.queue_stats
    assert [call.unique_id for call in stats.waiting(SUPPORT)] == ["vip", "a", "b"]
    assert [call.position for call in listed] == [1, 2, 3]


def test_midnight_begins_the_counters_anew_and_gives_the_days_figures_out(scene: Scene) -> None:
    scene.happens(waiting("yesterday"), waiting("later", position=2))
    leaves(scene, "yesterday")
    scene.happens(ev.ChannelGone("caller", "yesterday"))
    midnight = midnight_after(scene.now)
    scene.passes(midnight - scene.now)
    ended = next(one for one in scene.told if isinstance(one, ch.DayEnded))
    since = scene.center.queue_stats.waiting(SUPPORT)[0].since
    assert ended.queues[SUPPORT] == QueueDay(entered=2, abandoned=1, waiting={"later": since})
    assert day(scene) == QueueDay()
    leaves(scene, "later")
    status(scene, "later", "TIMEOUT")
    assert day(scene) == QueueDay(timed_out=1)
    assert values(scene)[Figure.ANSWERED_SHARE] == 0


def test_a_new_day_is_written_of_all_queues_with_callers_whose_end_is_not_known(
    scene: Scene,
) -> None:
    for queue in ("support", "sales"):
        caller = scene.caller_waits(queue)
        since = scene.now
        if queue == "sales":  # by a key; its channel goes on elsewhere
            scene.happens(ev.CallerLeft("sales", caller))
    scene.passes(5.0)
    scene.forget()
    scene.passes(midnight_after(scene.now) - scene.now)
    counted = [one.queue_id for one in scene.told if isinstance(one, ch.QueueCounted)]
    assert counted == [SUPPORT, SALES]
    assert scene.center.queue_stats.day(SALES) == QueueDay(waiting={caller: since})


def test_a_window_holds_what_happened_in_it_and_judges_by_its_own_limit(scene: Scene) -> None:
    scene.logs_in()
    for wait in (5.0, 25.0):
        caller = scene.caller_waits()
        phone = scene.rings(caller)
        scene.passes(wait)
        scene.answers(caller, phone)
        scene.hangs_up(phone, caller)
        scene.passes(100)
    stats = scene.center.queue_stats
    assert stats.window(SUPPORT, 300, 30, scene.now) == QueueDay(
        entered=2, answered=2, answered_soon=2
    )
    assert stats.window(SUPPORT, 110, 10, scene.now) == QueueDay(answered=1)
    told = queue_views.window_statistics(scene.center, SUPPORT, 300, 20, scene.now)
    figures = {one.stat_name: one.value for one in told.counters}
    assert figures[window_name(Figure.ANSWERED_SOON_SHARE, 20)] == 50
    assert figures[Figure.EXPECTED_WAIT] == 15


def test_what_is_kept_for_windows_is_bounded() -> None:
    stats = QueueStats(directory(), {}, Waiting())
    kept = set()
    for number in range(2 * KEPT):
        stats.bound_for("a", SUPPORT)
        stats.turned_away("a", float(number))
        if number >= 2 * KEPT - 2:
            kept.add(stats.window(SUPPORT, 1e9, 15, 2.0 * KEPT).closed)
    assert kept == {2 * KEPT - 1, KEPT}
    assert stats.window(SUPPORT, KEPT, 15, 2.0 * KEPT).closed == KEPT - 1
    assert stats.days[SUPPORT].closed == 2 * KEPT


def test_a_window_begins_after_the_moment_that_lies_as_long_ago(scene: Scene) -> None:
    scene.caller_waits()
    stats = scene.center.queue_stats
    assert stats.window(SUPPORT, 10, 15, scene.now + 9.9).entered == 1
    assert stats.window(SUPPORT, 10, 15, scene.now + 10).entered == 0


def test_percentages_are_of_all_three_ends_and_rounded_to_one_decimal() -> None:
    assert percentage(1, QueueDay(answered=1, abandoned=1, timed_out=1)) == 33.3
    assert percentage(2, QueueDay(timed_out=3)) == 66.7
    assert percentage(0, QueueDay(closed=5)) == 0


def test_a_wait_whose_beginning_was_not_seen_is_what_asterisk_says(scene: Scene) -> None:
    scene.happens(ev.CallerAbandoned("support", "a", 20), ev.ChannelGone("caller", "a"))
    assert day(scene) == QueueDay(entered=1, abandoned=1, abandoned_late=1)
    scene.happens(ev.AgentConnected("support", "b", "phone", 20, ""))
    assert day(scene) == QueueDay(entered=2, abandoned=1, abandoned_late=1, answered=1)
    scene.happens(ev.CallerLeft("support", "c"), ev.AgentConnected("support", "c", "phone", 30, ""))
    assert day(scene) == QueueDay(entered=3, abandoned=1, abandoned_late=1, answered=2)
    assert scene.center.queue_stats.expected_wait(SUPPORT) == 25


def test_a_wait_of_which_nothing_is_known_is_none(scene: Scene) -> None:
    scene.happens(ev.CallerAbandoned("support", "a", 0), ev.ChannelGone("caller", "a"))
    counted = scene.center.queue_stats.window(SUPPORT, 60, 0.5, scene.now)
    assert counted == QueueDay(entered=1, abandoned=1)


def test_a_caller_leaves_the_queue_that_it_waits_in_whichever_the_event_names(
    scene: Scene,
) -> None:
    scene.happens(waiting("a"), ev.CallerLeft("doctors", "a"))
    status(scene, "a", "TIMEOUT")
    assert day(scene) == QueueDay(entered=1, timed_out=1)


def test_a_caller_who_is_found_waiting_has_waited_for_as_long_as_asterisk_says(
    scene: Scene,
) -> None:
    scene.rebuilds(snapshot(waiting("a", 9)))
    assert scene.center.queue_stats.longest_wait(SUPPORT, scene.now + 1) == 10


def test_a_caller_who_comes_back_to_a_queue_has_entered_and_left_it_twice(scene: Scene) -> None:
    for _ in range(2):
        scene.happens(waiting("a"))
        leaves(scene, "a", abandoned=False)
        status(scene, "a", "TIMEOUT")
    assert day(scene) == QueueDay(entered=2, timed_out=2)


def test_an_end_whose_leave_was_not_told_is_counted_by_what_was_seen_of_the_wait(
    scene: Scene,
) -> None:
    scene.happens(waiting("answered"), waiting("gone", position=2))
    scene.passes(3)
    scene.happens(ev.AgentConnected("support", "answered", "phone", 99, ""))
    scene.passes(12)
    scene.happens(ev.ChannelGone("caller", "gone"))
    assert day(scene) == QueueDay(
        entered=2, answered=1, answered_soon=1, abandoned=1, abandoned_late=1
    )


def test_nothing_is_kept_of_callers_that_are_gone(scene: Scene) -> None:
    stats = scene.center.queue_stats
    empty = {name: {*held} for name, held in vars(stats).items() if held in ({}, set())}
    del empty["lately"]  # forgotten after a minute
    scene.happens(ev.CallerSent("support", "a"), waiting("a"), waiting("b"))
    leaves(scene, "b")
    scene.happens(ev.AgentConnected("support", "a", "phone", 3, ""))
    scene.happens(ev.ChannelGone("caller", "a"), ev.ChannelGone("caller", "b"))
    assert {name: {*vars(stats)[name]} for name in empty} == empty
    assert len(empty) == 4


def test_a_caller_who_leaves_is_told_at_once_and_once(scene: Scene) -> None:
    scene.happens(waiting("a"))
    scene.forget()
    leaves(scene, "a", abandoned=False)
    leaves(scene, "a", abandoned=False)
    assert scene.told == [ch.QueueCounted(SUPPORT, scene.now)]
    left = QueueDay(entered=1, waiting={"a": scene.now})
    assert scene.center.queue_stats.day(SUPPORT) == left


def test_a_wait_whose_beginning_was_seen_is_what_was_seen(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.passes(3)
    scene.happens(ev.CallerAbandoned("support", caller, 99))
    scene.hangs_up(caller)
    assert day(scene) == QueueDay(entered=1, abandoned=1)
    assert scene.center.queue_stats.expected_wait(SUPPORT) == 0


def alive(unique_id: str, bridge: str = "", application: str = "Queue") -> ChannelSeen:
    """A caller's channel that is listed, and waits in no queue."""
    up, nobody = ChannelState.UP, ("", "", "", "", "")
    return ChannelSeen(
        unique_id, unique_id, unique_id, up, *nobody, application, "support", bridge, 9
    )


def test_what_was_begun_before_a_reconnection_is_ended_after_it_while_the_channel_lives(
    scene: Scene,
) -> None:
    scene.happens(ev.CallerSent("sales", "sent"), ev.CallerSent("sales", "sent and gone"))
    scene.happens(waiting("left"), waiting("left and gone", position=2))
    for caller in ("left", "left and gone"):
        leaves(scene, caller, abandoned=False)
    scene.rebuilds(snapshot(channels=(alive("sent"), alive("left"))))
    status(scene, "sent and gone", "JOINEMPTY")
    assert (day(scene), day(scene, SALES)) == (QueueDay(entered=2), QueueDay())
    status(scene, "sent", "JOINEMPTY")
    status(scene, "left", "TIMEOUT")
    scene.passes(1)
    assert day(scene) == QueueDay(entered=2, timed_out=1, unseen=1)
    assert day(scene, SALES) == QueueDay(closed=1)


@pytest.mark.parametrize(
    ("application", "wanted"),
    [("Queue", QueueDay(entered=1, answered=1, answered_soon=1)), ("Dial", QueueDay(entered=1))],
)
def test_who_had_left_as_the_connection_was_lost_and_talks_where_the_queue_connected_it_is_answered(
    scene: Scene, application: str, wanted: QueueDay
) -> None:
    scene.happens(waiting("a"))
    leaves(scene, "a", abandoned=False)
    channels = (alive("a", "br", application), alive("agent", "br", "AppQueue"))
    scene.rebuilds(snapshot(channels=channels))
    scene.passes(1)
    assert day(scene) == wanted
    assert values(scene)[Figure.DIVERTED] == (0 if wanted.answered else 1)


def test_who_waits_in_somebody_elses_queue_is_known_to_wait_and_not_counted(scene: Scene) -> None:
    elsewhere = ev.CallerJoined("doctors", "caller", "x", 1, "", "", 9)
    scene.rebuilds(snapshot(elsewhere, waiting("a")))
    (call,) = scene.center.waiting.calls("doctors")
    assert call.since == scene.now - 9
    assert (day(scene), values(scene)[Figure.WAITING_CALLS]) == (QueueDay(entered=1), 1)


def test_a_caller_who_left_and_is_listed_in_the_same_queue_has_entered_once(scene: Scene) -> None:
    scene.happens(waiting("a"))
    since = scene.now
    scene.passes(5)
    leaves(scene, "a", abandoned=False)
    scene.rebuilds(snapshot(waiting("a", 1)))
    assert day(scene) == QueueDay(entered=1)
    assert [call.since for call in scene.center.queue_stats.waiting(SUPPORT)] == [since]


class TestAfterARestart:
    @pytest.fixture
    def scene(self) -> Scene:
        """A scene whose xucd was stopped while `a` and `b` waited."""
        scene = Scene()
        known = QueueDay(
            entered=3, answered=1, waiting={"a": scene.now - 9.5, "b": scene.now - 3.0}
        )
        scene.center = Center(
            directory(),
            scene.now,
            midnight_after,
            Remembered(queue_days={SUPPORT: known, 77: known}),
        )
        return scene

    def test_who_was_counted_as_entered_is_not_counted_again(self, scene: Scene) -> None:
        scene.rebuilds(snapshot(waiting("a", 9), waiting("b", 3, 2), waiting("c", 1, 3)))
        assert (day(scene).entered, day(scene).answered) == (4, 1)
        assert values(scene)[Figure.WAITING_CALLS] == 3
        leaves(scene, "a")
        scene.happens(ev.ChannelGone("caller", "a"))
        assert day(scene).abandoned == 1

    def test_who_talks_by_now_was_answered_and_who_has_gone_is_not_guessed_at(
        self, scene: Scene
    ) -> None:
        scene.rebuilds(snapshot(channels=(alive("a", "br"), alive("agent", "br", "AppQueue"))))
        assert day(scene) == QueueDay(entered=3, answered=2, answered_soon=1)
        assert values(scene)[Figure.WAITING_CALLS] == 1
        scene.passes(1)
        assert day(scene) == QueueDay(entered=3, answered=2, answered_soon=1, unseen=1)
        assert values(scene)[Figure.WAITING_CALLS] == 0

    def test_who_talks_with_whom_another_program_chose_was_answered(self, scene: Scene) -> None:
        scene.rebuilds(snapshot(channels=(alive("a", "br", "Dial"), alive("x", "br", "AppDial"))))
        assert day(scene).answered == 2

    def test_who_was_let_go_meanwhile_ended_by_the_reason_on_its_channel(
        self, scene: Scene
    ) -> None:
        listed = snapshot(channels=(alive("a", "", "Playback"), alive("b", "", "Read")))
        scene.rebuilds(msgspec.structs.replace(listed, let_go={"a": "TIMEOUT"}))
        assert values(scene)[Figure.TIMED_OUT] == 1
        scene.passes(1)
        assert (values(scene)[Figure.DIVERTED], values(scene)[Figure.WAITING_CALLS]) == (1, 0)
        scene.happens(ev.BridgeEntered("br", "b", "b"))
        holds(scene)

    def test_who_stands_where_another_stood_before_a_transfer_is_the_same_entry(
        self, scene: Scene
    ) -> None:
        scene.rebuilds(snapshot(waiting("customer", 9), waiting("b", 3, 2)))
        assert day(scene).entered == 3
        assert [call.since for call in scene.center.queue_stats.waiting(SUPPORT)] == [
            scene.now - 9.5,
            scene.now - 3.0,
        ]
        scene.passes(1)
        assert values(scene)[Figure.UNSEEN] == 0

    def test_what_was_held_meanwhile_tells_what_became_of_a_caller(self, scene: Scene) -> None:
        scene.rebuilds(snapshot(waiting("b", 3)))
        scene.happens(
            ev.CallerLeft("support", "a"),
            ev.AgentConnected("support", "a", "x", 9, ""),
            ev.ChannelGone("caller", "a"),
        )
        assert day(scene) == QueueDay(entered=3, answered=2, answered_soon=1)


def test_a_caller_found_in_a_queue_of_somebody_else_has_left_ours(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.rebuilds(snapshot(ev.CallerJoined("doctors", "caller", caller, 1, "023", "")))
    assert scene.center.queue_stats.waiting(SUPPORT) == []
    scene.happens(ev.ChannelGone("caller", caller))
    assert day(scene) == QueueDay(entered=1, diverted=1)


def test_another_configuration_goes_on_with_the_figures(scene: Scene) -> None:
    scene.happens(waiting("a"))
    after = Scene()
    inherit(after.center, scene.center, scene.now)
    assert values(after)[Figure.ENTERED] == 1
    after.rebuilds(snapshot(waiting("a")))
    assert values(after)[Figure.ENTERED] == 1
    assert BRUCE in after.center.agents


def test_another_configuration_ends_what_the_one_before_has_begun(scene: Scene) -> None:
    scene.happens(waiting("left"), ev.CallerSent("support", "sent"))
    leaves(scene, "left", abandoned=False)
    after = Scene()
    inherit(after.center, scene.center, scene.now)
    status(after, "left", "TIMEOUT")
    status(after, "sent", "FULL")
    assert day(after) == QueueDay(entered=1, timed_out=1, closed=1)


def test_callers_stay_in_a_queue_that_another_configuration_gives_another_name(
    scene: Scene,
) -> None:
    scene.happens(waiting("a"))
    configured = directory()
    queue = msgspec.structs.replace(configured.queues[SUPPORT], name="help")
    center = Center(Directory(queues=[queue]), scene.now, lambda at: at + DAY)
    inherit(center, scene.center, scene.now)
    assert [call.unique_id for call in center.waiting.calls("help")] == ["a"]
    assert [call.queue for call in center.queue_stats.waiting(SUPPORT)] == ["help"]


def redirected(scene: Scene, caller: str, to: str) -> None:
    """What Asterisk says of a caller whom an AMI Redirect takes; 16 says `to` is where it was."""
    scene.happens(
        ev.CallerAbandoned("support", caller, 0, to), ev.CallerLeft("support", caller, to)
    )


def waits_at(scene: Scene, place: str) -> str:
    caller = scene.caller_waits()
    scene.center.waiting.leave(caller)
    scene.center.queue_stats.days[SUPPORT].entered -= 1
    scene.happens(msgspec.structs.replace(waiting(caller), at=place))
    return caller


def outcomes(scene: Scene) -> dict[str, float]:
    holds(scene)
    names = {
        "answered": Figure.ANSWERED,
        "abandoned": Figure.ABANDONED,
        "timed out": Figure.TIMED_OUT,
        "callbacks": Figure.CALLBACKS,
        "diverted": Figure.DIVERTED,
        "unseen": Figure.UNSEEN,
        "waiting": Figure.WAITING_CALLS,
    }
    told = values(scene)
    return {name: told[figure] for name, figure in names.items() if told[figure]}


@pytest.mark.parametrize("late", [False, True])
def test_who_hangs_up_while_waiting_has_abandoned_however_long_its_channel_lives(
    scene: Scene, late: bool
) -> None:
    caller = scene.caller_waits()
    events: list[ev.Event] = [ev.HangupRequested(caller), ev.CallerAbandoned("support", caller, 0)]
    scene.happens(*(events[::-1] if late else events), ev.CallerLeft("support", caller))
    assert outcomes(scene) == {"abandoned": 1}
    scene.passes(3)
    scene.happens(ev.ChannelGone("caller", caller))
    assert outcomes(scene) == {"abandoned": 1}


def test_who_hangs_up_where_another_program_has_taken_it_is_diverted(scene: Scene) -> None:
    caller = scene.caller_waits()
    leaves(scene, caller)
    scene.passes(1)
    scene.happens(ev.HangupRequested(caller), ev.ChannelGone("caller", caller))
    assert outcomes(scene) == {"diverted": 1}


class TestATakenCaller:
    """A caller whom another program takes out of the queue."""

    def test_is_diverted_at_once_where_asterisk_names_another_place(self, scene: Scene) -> None:
        caller = waits_at(scene, "to-queue,s,3")
        redirected(scene, caller, "default,1002,1")
        assert outcomes(scene) == {"diverted": 1}
        scene.hangs_up(caller)
        assert outcomes(scene) == {"diverted": 1}

    def test_is_diverted_after_a_second_where_its_channel_goes_on(self, scene: Scene) -> None:
        caller = waits_at(scene, "to-queue,s,3")
        redirected(scene, caller, "to-queue,s,3")
        assert outcomes(scene) == {"waiting": 1}
        scene.passes(1.5)
        assert outcomes(scene) == {"diverted": 1}
        scene.hangs_up(caller)
        assert outcomes(scene) == {"diverted": 1}

    def test_is_diverted_once_a_phone_is_called_for_it(self, scene: Scene) -> None:
        caller = waits_at(scene, "to-queue,s,3")
        redirected(scene, caller, "to-queue,s,3")
        down = ChannelState.DOWN
        scene.happens(ev.ChannelCreated("PJSIP/1002-1", "phone", caller, down, "1002", "", ""))
        scene.hangs_up(caller)
        assert outcomes(scene) == {"diverted": 1}

    def test_is_answered_once_somebody_talks_with_it_and_stays_so(self, scene: Scene) -> None:
        caller = scene.caller_waits()
        redirected(scene, caller, "default,1002,1")
        scene.happens(ev.ChannelCreated("a", "b", caller, ChannelState.DOWN, "", "", ""))
        scene.happens(ev.BridgeEntered("br", "b", caller))
        assert outcomes(scene) == {"diverted": 1}
        scene.happens(ev.BridgeEntered("br", caller, caller))
        assert outcomes(scene) == {"answered": 1}
        scene.hangs_up(caller, "b")
        assert outcomes(scene) == {"answered": 1}

    def test_is_answered_by_a_bridge_of_which_the_queue_says_nothing(self, scene: Scene) -> None:
        caller, other = scene.caller_waits(), scene.caller_waits("sales")
        scene.happens(ev.BridgeEntered("br", caller, caller), ev.BridgeEntered("br", other, caller))
        assert outcomes(scene) == {"answered": 1}
        assert day(scene, SALES).answered == 1
        assert scene.center.queue_stats.with_callers() == []

    def test_is_diverted_while_it_is_parked(self, scene: Scene) -> None:
        callers = scene.caller_waits(), scene.caller_waits()
        scene.happens(*(ev.BridgeEntered("lot", each, each, holding=True) for each in callers))
        assert outcomes(scene) == {"diverted": 2}
        scene.happens(ev.ChannelCreated("a", "b", "b", ChannelState.RING, "", "", "701"))
        for each in (callers[0], "b"):
            scene.happens(ev.BridgeEntered("br", each, callers[0]))
        assert outcomes(scene) == {"answered": 1, "diverted": 1}

    def test_is_diverted_if_it_was_withdrawn(self, scene: Scene) -> None:
        caller = scene.caller_waits()
        leaves(scene, caller)
        status(scene, caller, "WITHDRAW")
        assert outcomes(scene) == {"diverted": 1}

    def test_is_diverted_in_the_first_queue_where_it_goes_on_to_another(self, scene: Scene) -> None:
        caller = scene.caller_waits()
        redirected(scene, caller, "")
        scene.happens(ev.CallerJoined("sales", "caller", caller, 1, "023", ""))
        leaves(scene, caller)
        scene.happens(ev.AgentConnected("sales", caller, "phone", 3, ""))
        assert outcomes(scene) == {"diverted": 1}
        assert (day(scene, SALES).entered, day(scene, SALES).answered) == (1, 1)


def test_a_caller_who_leaves_by_a_key_is_a_callback_where_it_asks_for_one(scene: Scene) -> None:
    asks, early, elsewhere = (scene.caller_waits() for _ in range(3))
    called_back(scene.center, early, scene.now)  # FastAGI may be ahead of the manager's events
    for caller in (asks, early, elsewhere):
        leaves(scene, caller, abandoned=False)
    assert outcomes(scene) == {"callbacks": 1, "waiting": 2}
    called_back(scene.center, asks, scene.now)
    scene.passes(2)
    assert outcomes(scene) == {"callbacks": 2, "diverted": 1}
    called_back(scene.center, "nobody", scene.now)
    # Talking with whom the key leads to is not the queue's doing.
    scene.happens(ev.BridgeEntered("br", elsewhere, elsewhere))
    scene.happens(ev.ChannelCreated("a", "b", elsewhere, ChannelState.DOWN, "", "", ""))
    scene.happens(ev.BridgeEntered("br", "b", elsewhere))
    scene.hangs_up(asks, early, elsewhere)
    assert outcomes(scene) == {"callbacks": 2, "diverted": 1}


def test_an_answer_of_a_caller_who_has_hung_up_meanwhile_is_counted_as_one(scene: Scene) -> None:
    caller = scene.caller_waits()
    leaves(scene, caller, abandoned=False)
    scene.happens(ev.AgentConnected("support", "", "phone", 3, ""))
    scene.hangs_up(caller)
    assert outcomes(scene) == {"answered": 1}


class TestAnAttendedTransferIntoAQueue:
    def test_puts_the_customer_into_the_agents_place(self, scene: Scene) -> None:
        first, agent, last = (scene.caller_waits(number=n) for n in ("021", "1001", "022"))
        customer = "customer"
        scene.happens(
            ev.ChannelCreated("PJSIP/trunk-9", customer, customer, ChannelState.RING, "023", "", "")
        )
        scene.passes(4)
        scene.happens(ev.Transferred("leg", (customer,), agent))
        listed = queue_views.queue_calls(scene.center, SUPPORT).calls
        assert [call.number for call in listed] == ["021", "023", "022"]
        scene.hangs_up(agent)
        assert outcomes(scene) == {"waiting": 3}
        leaves(scene, customer)
        scene.hangs_up(customer, first, last)
        assert outcomes(scene) == {"abandoned": 3}

    def test_counts_a_customer_who_was_answered_in_another_queue_before(self, scene: Scene) -> None:
        customer = scene.caller_waits("sales")
        scene.happens(
            ev.CallerLeft("sales", customer), ev.AgentConnected("sales", customer, "x", 1, "")
        )
        agent = scene.caller_waits()
        scene.happens(ev.Transferred("leg", (customer,), agent))
        scene.hangs_up(agent)
        scene.happens(
            ev.CallerLeft("support", customer),
            ev.AgentConnected("support", customer, "y", 1, ""),
        )
        scene.hangs_up(customer)
        assert outcomes(scene) == {"answered": 1}
        assert day(scene, SALES).answered == 1

    def test_follows_a_caller_who_leaves_at_that_very_moment(self, scene: Scene) -> None:
        agent = scene.caller_waits()
        scene.happens(ev.ChannelCreated("c", "customer", "customer", ChannelState.UP, "", "", ""))
        leaves(scene, agent)
        scene.happens(ev.Transferred("leg", ("customer",), agent))
        scene.hangs_up(agent)
        status(scene, "customer", "TIMEOUT")
        assert outcomes(scene) == {"timed out": 1}

    def test_elsewhere_changes_nothing(self, scene: Scene) -> None:
        scene.caller_waits()
        scene.happens(ev.Transferred("leg", ("y",), "x"), ev.Transferred("leg"))
        assert outcomes(scene) == {"waiting": 1}


def test_callers_are_put_into_the_order_that_asterisk_lists(scene: Scene) -> None:
    scene.happens(waiting("a"), waiting("b", position=2), waiting("c", position=3))
    scene.forget()

    def order() -> list[str]:
        return [call.unique_id for call in scene.center.queue_stats.waiting(SUPPORT)]

    scene.happens(ev.CallersListed("support", ("c", "a", "b", "x", "c")))
    assert order() == ["c", "a", "b"]
    assert [type(one) for one in scene.told] == [ch.QueueCounted]
    scene.forget()
    scene.happens(ev.CallersListed("support", ("c", "a", "b")))
    assert scene.told == []
    # Who is not listed yet, or any more, keeps its place.
    scene.happens(ev.CallersListed("support", ("b", "c")), ev.CallersListed("doctors", ("a",)))
    assert order() == ["b", "a", "c"]
    assert scene.center.waiting.crowded() == ["support"]


def test_a_caller_whom_a_queue_of_others_turns_away_is_not_closed_in_ours(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.happens(ev.CallerSent("support", caller))
    leaves(scene, caller)
    status(scene, caller, "TIMEOUT")
    scene.happens(ev.CallerSent("doctors", caller))
    status(scene, caller, "JOINEMPTY")
    assert day(scene) == QueueDay(entered=1, timed_out=1)
    holds(scene)


def test_a_caller_who_joined_is_not_turned_away_any_more(scene: Scene) -> None:
    scene.happens(ev.CallerSent("support", "caller1"))
    caller = scene.caller_waits()
    leaves(scene, caller)
    status(scene, caller, "TIMEOUT")
    status(scene, caller, "JOINEMPTY")
    assert day(scene) == QueueDay(entered=1, timed_out=1)


def test_a_caller_answered_while_xucd_began_has_entered(scene: Scene) -> None:
    scene.happens(ev.CallerLeft("support", "old"))
    scene.happens(ev.AgentConnected("support", "old", "phone", 7, "PJSIP/1001"))
    scene.happens(ev.AgentConnected("support", "older", "phone2", 9, "PJSIP/1002"))
    assert (day(scene).entered, day(scene).answered) == (2, 2)
    holds(scene)


def test_a_caller_who_left_while_xucd_began_has_entered(scene: Scene) -> None:
    leaves(scene, "old")
    holds(scene)
    scene.passes(2)
    assert day(scene).entered == 1
    holds(scene)
