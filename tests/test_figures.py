"""What a kill loses of the figures: of none more than what lies after the last write."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from uuid import UUID, uuid4

import msgspec
import pytest

from tests.scene import BRUCE, CAROLINE, DAY, SALES, START, SUPPORT, Scene, directory
from tests.test_rebuild import everywhere, snapshot, station
from xucd.center.agent import AgentState
from xucd.center.center import Center, Remembered
from xucd.center.day import AgentDay
from xucd.center.directory import MAIN
from xucd.center.events import ChannelState
from xucd.center.gaps import Gap
from xucd.center.inheriting import inherit
from xucd.center.logged import Logged, LogsTold
from xucd.center.queue_day import QueueDay
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.unheard import count_logged
from xucd.center.snapshot import ChannelSeen, Snapshot
from xucd.center.under_way import AgentUnderWay, Caller, CallUnderWay, Lately, Resumed, Rung
from xucd.config.plan import Plan
from xucd.store import Store, figures, gaps, resuming
from xucd.store.apply import apply
from xucd.store.figures import ClosedGap, EndedDay, Figures
from xucd.store.journal import midnight_after
from xucd.store.pulse import ClockReading, Pulse
from xucd.store.resuming import Memory

HOUR = 3600.0
EPOCH = START
QUEUES = {SUPPORT: 0, SALES: 1}


@pytest.fixture
def store(store: Store, demo_plan: Plan) -> Store:
    """A store in which the demo's agents are configured, Bruce among them."""
    apply(store, demo_plan)
    return store


def date(now: float) -> datetime.date:
    return datetime.datetime.fromtimestamp(now).astimezone().date()


def reading(seconds: float, step: float = 0.0, boot: str = "this") -> ClockReading:
    """The clocks so long after the first moment, the clock having been set by so much."""
    return ClockReading(EPOCH + seconds + step, 100.0 + seconds, boot)


def pulse(seconds: float = 0.0) -> Pulse:
    return Pulse(reading(seconds), Lately())


def memory(store: Store, clock: ClockReading) -> Memory:
    found = resuming.resume(store, MAIN, clock, midnight_after)
    assert found is not None
    return found


PAUSED = AgentUnderWay(AgentState.ON_PAUSE, EPOCH, EPOCH)


def test_a_first_start_remembers_nothing_and_has_no_gap(store: Store) -> None:
    assert resuming.resume(store, MAIN, reading(0), midnight_after) is None
    assert gaps.gaps(store, 0.0) == []


def test_the_time_in_a_state_is_counted_up_to_the_last_pulse_once(store: Store) -> None:
    day = date(EPOCH)
    first = Figures(day, pulse(), agents={BRUCE: (AgentDay(paused_s=10.0), PAUSED)})
    figures.put_figures(store, first)
    figures.put_figures(store, Figures(day, pulse(300)))
    for _ in range(2):  # killed at its start, it does the same once more
        found = memory(store, reading(320))
        assert store.agent_days(day) == {BRUCE: AgentDay(paused_s=310.0)}
        assert found.resumed.agents[BRUCE].until == found.resumed.at == EPOCH + 300
        assert (found.gap.began, found.gap.why) == (EPOCH + 300, "XucdDown")
    assert len(gaps.gaps(store, 0.0)) == 1


def test_the_time_in_a_state_is_counted_to_the_day_in_which_it_was(store: Store) -> None:
    day = date(EPOCH)
    first = Figures(day, pulse(), agents={BRUCE: (AgentDay(), PAUSED)})
    figures.put_figures(store, first)
    figures.put_figures(store, Figures(day, pulse(2 * DAY)))
    memory(store, reading(2 * DAY + 10))
    assert store.agent_days(day)[BRUCE].paused_s == midnight_after(EPOCH) - EPOCH


def test_each_agents_time_is_counted_to_its_own_day_and_state(store: Store) -> None:
    yesterday, today = date(EPOCH), date(EPOCH + DAY)
    ready = AgentUnderWay(AgentState.READY, EPOCH + DAY, EPOCH + DAY)
    both = {BRUCE: (AgentDay(), PAUSED), CAROLINE: (AgentDay(), PAUSED)}
    figures.put_figures(store, Figures(yesterday, pulse(), agents=both))
    later = {CAROLINE: (AgentDay(ready_s=1.0), ready)}
    figures.put_figures(store, Figures(today, pulse(DAY), agents=later))
    figures.put_figures(store, Figures(today, pulse(DAY + 60)))
    memory(store, reading(DAY + 70))
    until_midnight = midnight_after(EPOCH) - EPOCH
    assert store.agent_days(yesterday) == {
        BRUCE: AgentDay(paused_s=until_midnight),
        CAROLINE: AgentDay(),
    }
    assert store.agent_days(today) == {CAROLINE: AgentDay(ready_s=61.0)}


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_clock_set_while_xucd_was_down_moves_all_that_goes_on(store: Store, step: float) -> None:
    write_all(store)
    off = memory(store, reading(60, step))
    assert off.resumed.at == EPOCH + step
    assert off.resumed.agents[BRUCE].since == EPOCH - 5 + step
    assert off.resumed.agents[BRUCE].until == EPOCH + step
    assert off.resumed.agents[BRUCE].calls["phone"].answered == EPOCH - 5 + step
    assert off.resumed.lately.callers["a"].since == EPOCH - 9 + step
    assert off.gap.began == EPOCH + step
    again = memory(store, reading(61, step))
    assert again.resumed == off.resumed
    found = figures.queue_days(store, date(EPOCH))
    assert found[SUPPORT].waiting == {"caller": EPOCH - 20 + step}
    assert store.agent_days(date(EPOCH))[BRUCE].login_at == EPOCH - 900 + step


def test_a_day_goes_on_with_its_moments_once_the_clock_is_set_back_over_midnight(
    store: Store,
) -> None:
    midnight = midnight_after(EPOCH)
    yesterday, late = date(EPOCH), midnight - EPOCH + 600
    ended = EndedDay(yesterday, {BRUCE: AgentDay(login_at=midnight + 500)}, {})
    agents = {BRUCE: (AgentDay(), PAUSED)}
    figures.put_figures(store, Figures(date(midnight), pulse(late), agents, ended=(ended,)))
    memory(store, reading(late + 10, step=-3600))
    assert store.agent_days(yesterday)[BRUCE].login_at == midnight + 500 - 3600


def test_after_a_reboot_nobody_knows_whether_the_clock_was_set(store: Store) -> None:
    write_all(store)
    assert memory(store, reading(HOUR, boot="another")).resumed.at == EPOCH


def test_a_clock_that_is_set_moves_what_is_stored_once(store: Store) -> None:
    write_all(store)
    for _ in range(3):
        resuming.shift(store, MAIN, reading(1, HOUR))
    assert figures.queue_days(store, date(EPOCH))[SUPPORT].waiting == {"caller": EPOCH - 20 + HOUR}


def write_all(store: Store) -> None:
    call = CallUnderWay(True, "support", EPOCH - 8, EPOCH - 5, AgentDay(inbound_calls=1))
    under_way = AgentUnderWay(AgentState.ON_CALL, EPOCH - 5, EPOCH, {"phone": call})
    lately = Lately({"a": Caller(SUPPORT, EPOCH - 9, EPOCH - 1)}, {"b": Rung(BRUCE, EPOCH, True)})
    figures.put_figures(
        store,
        Figures(
            date(EPOCH),
            Pulse(reading(0), lately),
            agents={BRUCE: (AgentDay(login_at=EPOCH - 900), under_way)},
            queues={(date(EPOCH), SUPPORT): QueueDay(entered=1, waiting={"caller": EPOCH - 20})},
        ),
    )


def test_who_waited_at_the_end_of_a_day_is_known_on_the_next(store: Store) -> None:
    write_all(store)
    tomorrow = date(EPOCH) + datetime.timedelta(1)
    assert figures.queue_days(store, tomorrow) == {
        SUPPORT: QueueDay(waiting={"caller": EPOCH - 20})
    }


def test_a_gap_is_closed_once_with_what_it_adds_to_earlier_days(store: Store) -> None:
    write_all(store)
    gap = memory(store, reading(5)).gap
    day = date(EPOCH)
    closed = ClosedGap(
        msgspec.structs.replace(gap, ended=EPOCH + 5, source="queue_log", calls={SUPPORT: 2}),
        {(day, SUPPORT): QueueDay(entered=2, abandoned=2), (day, SALES): QueueDay(closed=1)},
        {(day, BRUCE): AgentDay(inbound_calls=1)},
    )
    for _ in range(2):  # whoever wrote it may not have heard that it is written
        figures.put_figures(store, Figures(day + datetime.timedelta(1), pulse(6), closed=(closed,)))
    assert store.queue_days(day)[SUPPORT] == QueueDay(
        entered=3, abandoned=2, waiting={"caller": EPOCH - 20}
    )
    assert store.queue_days(day)[SALES] == QueueDay(closed=1)
    assert store.agent_days(day)[BRUCE] == AgentDay(inbound_calls=1, login_at=EPOCH - 900)
    assert gaps.gaps(store, EPOCH) == [closed.gap]
    assert gaps.gaps(store, EPOCH + 6) == []
    assert memory(store, reading(9)).gap.uuid != gap.uuid


def test_gaps_that_were_not_closed_run_into_the_first(store: Store) -> None:
    write_all(store)
    first = Gap(UUID(int=7), EPOCH - 10, "LinkLost")
    gaps.open_gap(store, Gap(uuid4(), EPOCH - 5, "LinkLost"))
    gaps.open_gap(store, first)
    assert memory(store, reading(5)).gap == first
    assert gaps.gaps(store, 0.0) == [first]


def test_of_an_agent_that_is_removed_only_the_time_until_then_is_counted(
    store: Store,
) -> None:
    day = date(EPOCH)
    first = Figures(day, pulse(), agents={BRUCE: (AgentDay(paused_s=10.0), PAUSED)})
    figures.put_figures(store, first)
    gone = {(day, BRUCE): AgentDay(paused_s=40.0)}
    figures.put_figures(store, Figures(day, pulse(30), gone=gone))
    figures.put_figures(store, Figures(day, pulse(DAY)))
    assert BRUCE not in memory(store, reading(DAY + 10)).resumed.agents
    assert store.agent_days(day)[BRUCE].paused_s == 40


def test_an_agent_that_was_removed_while_xucd_was_down_is_counted_to_the_pulse_once(
    store: Store,
) -> None:
    day, nobody = date(EPOCH), 4711  # no longer configured
    first = Figures(day, pulse(), agents={nobody: (AgentDay(), PAUSED)})
    figures.put_figures(store, first)
    figures.put_figures(store, Figures(day, pulse(60)))
    for later in (0, 600):
        figures.put_figures(store, Figures(day, pulse(60 + later)))
        assert nobody not in memory(store, reading(70 + later)).resumed.agents
        assert store.agent_days(day)[nobody].paused_s == 60


# -- from a centre that is killed to the one that goes on


class Killed:
    """A centre that is written as the daemon does it, killed, and gone on with from the store."""

    def __init__(self) -> None:
        self.scene = Scene([station()])
        self.scene.rebuilds(snapshot(*everywhere()))

    def written(self) -> dict[int, tuple[AgentDay, AgentUnderWay]]:
        self.under_way = self.scene.center.take_unwritten(self.scene.now)
        return self.under_way

    def starts(self, alive: float, now: float) -> Center:
        """Start again, having been alive until a moment, and hear nothing yet."""
        days, agents = {}, {}
        for agent_id, (day, one) in self.under_way.items():
            spent = max(0.0, alive - one.until)
            days[agent_id] = day.spend(one.state, spent)
            agents[agent_id] = msgspec.structs.replace(one, until=alive)
        stations = self.scene.center.stations
        remembered = Remembered({BRUCE: QUEUES}, stations, days, resumed=Resumed(alive, agents))
        return Center(directory(), now, midnight_after, remembered)

    def restarts(
        self, alive: float, now: float, found: Snapshot, heard: float | None = None
    ) -> Center:
        """Start again, having been alive until a moment, and find this."""
        center = self.starts(alive, now)
        rebuild(center, found, now, alive if heard is None else heard)
        return center

    def is_killed_before_it_hears(self, alive: float, now: float) -> None:
        """Start again, write the figures, and be killed before Asterisk has listed anything."""
        self.under_way |= self.starts(alive, now).take_unwritten(now + 0.5)


def talking(phone: str, caller: str) -> ChannelSeen:
    return ChannelSeen(
        "PJSIP/1001-00000001", phone, caller, ChannelState.UP, "1001", "", "0230210082", "", "",
        "AppQueue", "(Outgoing Line)", "", 40,
    )  # fmt: skip


def in_call() -> tuple[Killed, str, str]:
    killed = Killed()
    scene = killed.scene
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(4)
    scene.answers(caller, phone, gosub=False)
    killed.written()
    return killed, caller, phone


def test_a_call_that_goes_on_over_a_kill_keeps_its_count_ring_and_talk_time() -> None:
    killed, caller, phone = in_call()
    now = killed.scene.now
    name = killed.scene.center.channels.by_id[phone].name
    found = msgspec.structs.replace(talking(phone, caller), channel=name)
    center = killed.restarts(now + 20, now + 25, snapshot(*everywhere(), channels=(found,)))
    day = center.agents[BRUCE].day(now + 25)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_ring_s) == (1, 1, 4)
    rebuild(center, snapshot(*everywhere()), now + 30)
    day = center.agents[BRUCE].day(now + 30)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_ring_s) == (1, 1, 4)
    assert day.inbound_talk_s == 30


def test_a_call_that_ended_while_xucd_was_down_is_counted_to_the_kill() -> None:
    killed, _, phone = in_call()
    now = killed.scene.now
    center = killed.restarts(now + 20, now + 500, snapshot(*everywhere()))
    day = center.agents[BRUCE].day(now + 500)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_talk_s) == (1, 1, 20)
    assert phone in center.under_way.cut_calls


def test_a_start_writes_no_agent_anew_whose_state_goes_on() -> None:
    killed = Killed()
    killed.written()
    now = killed.scene.now
    center = killed.starts(now, now + 60)
    assert BRUCE not in center.take_unwritten(now + 60)
    rebuild(center, snapshot(*everywhere(paused=True, reason="lunch")), now + 61, now)
    assert center.take_unwritten(now + 61)[BRUCE][1].state is AgentState.ON_PAUSE


def test_a_start_writes_an_agent_anew_that_it_does_not_find_in_its_state() -> None:
    killed = Killed()
    day, one = killed.written()[BRUCE]
    killed.under_way[BRUCE] = day, msgspec.structs.replace(one, state=AgentState.ON_WRAPUP)
    now = killed.scene.now
    written = killed.starts(now, now + 60).take_unwritten(now + 60)
    assert written[BRUCE][1].state is AgentState.READY


def test_a_start_after_midnight_writes_of_each_agent_that_its_day_has_begun() -> None:
    killed = Killed()
    killed.written()
    alive = midnight_after(killed.scene.now) - 60
    assert BRUCE in killed.starts(alive, alive + 120).take_unwritten(alive + 120)


@pytest.mark.parametrize(
    ("until", "has_row"), [(+7200, True), (0, False)], ids=["a clock set back", "no row of today"]
)
def test_a_start_writes_an_agent_anew_whose_time_would_be_lost_otherwise(
    until: float, has_row: bool
) -> None:
    killed = Killed()
    _, one = killed.written()[BRUCE]
    scene, now = killed.scene, killed.scene.now
    resumed = Resumed(now, {BRUCE: msgspec.structs.replace(one, until=now + until)})
    days = {BRUCE: AgentDay()} if has_row else {}
    remembered = Remembered({BRUCE: QUEUES}, scene.center.stations, days, resumed=resumed)
    assert BRUCE in Center(directory(), now, midnight_after, remembered).take_unwritten(now)


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "ends"])
def test_a_kill_before_asterisk_is_heard_again_forgets_no_call(goes_on: bool) -> None:
    killed, caller, phone = in_call()
    lost = killed.scene.now
    name = killed.scene.center.channels.by_id[phone].name
    found = (msgspec.structs.replace(talking(phone, caller), channel=name),) if goes_on else ()
    for later in (20, 40):
        killed.is_killed_before_it_hears(lost, lost + later)
    center = killed.restarts(lost, lost + 60, snapshot(*everywhere(), channels=found), lost)
    answer = Logged(lost, "connected", caller, "support", "Agent/2501", phone, waited=4.0, rang=4.0)
    count_logged(
        center, LogsTold([answer]), lost, lost + 60, lambda moment: datetime.date(2026, 1, 1)
    )
    day = center.agents[BRUCE].day(lost + 60)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_ring_s) == (1, 1, 4)
    assert set(center.take_unwritten(lost + 60)[BRUCE][1].calls) == ({phone} if goes_on else set())


def test_a_call_that_began_while_xucd_was_down_is_counted() -> None:
    killed = Killed()
    killed.written()
    now = killed.scene.now
    found = snapshot(*everywhere(), channels=(talking("phone", "caller"),))
    center = killed.restarts(now, now + 60, found)
    day = center.agents[BRUCE].day(now + 60)
    assert (day.inbound_calls, day.inbound_answered) == (1, 1)


def paused(scene: Scene) -> None:
    scene.pauses(True, "lunch")


def ready(_: Scene) -> None:
    """Nothing has to be done for it."""


@pytest.mark.parametrize(
    ("begins", "figure"), [(paused, "paused_s"), (ready, "ready_s")], ids=["pause", "ready"]
)
def test_a_state_that_goes_on_over_a_kill_is_counted_throughout(
    begins: Callable[[Scene], None], figure: str
) -> None:
    killed = Killed()
    begins(killed.scene)
    began = killed.scene.now
    killed.written()
    before = getattr(killed.under_way[BRUCE][0], figure)
    members = everywhere(paused=begins is paused, reason="lunch" if begins is paused else "")
    center = killed.restarts(began + 100, began + 130, snapshot(*members))
    assert getattr(center.agents[BRUCE].day(began + 140), figure) == before + 140


def test_a_state_that_was_left_unseen_is_counted_to_the_kill() -> None:
    killed = Killed()
    paused(killed.scene)
    began = killed.scene.now
    killed.written()
    center = killed.restarts(began + 100, began + 130, snapshot(*everywhere()))
    day = center.agents[BRUCE].day(began + 140)
    assert (day.paused_s, day.ready_s - killed.under_way[BRUCE][0].ready_s) == (100, 10)


def test_a_state_that_no_restart_knows_is_counted_no_further_than_it_was() -> None:
    killed = Killed()
    killed.scene.talks()
    began = killed.scene.now
    killed.written()
    before = killed.under_way[BRUCE][0].ready_s
    found = snapshot(*everywhere(), channels=(talking("phone", "caller"),))
    center = killed.restarts(began + 100, began + 130, found)
    assert center.agents[BRUCE].day(began + 140).ready_s == before


def test_a_kill_before_asterisk_is_heard_again_takes_no_time_away() -> None:
    killed = Killed()
    scene = killed.scene
    scene.passes(90)
    scene.talks()
    killed.written()
    lost, before = scene.now, killed.under_way[BRUCE][0]
    killed.is_killed_before_it_hears(lost, lost + HOUR)
    now = lost + HOUR + 5
    paused_now = snapshot(*everywhere(paused=True, reason="lunch"))
    day = killed.restarts(lost + HOUR + 0.5, now, paused_now, lost).agents[BRUCE].day(now)
    assert (day.ready_s, day.paused_s) == (before.ready_s, 0)


def test_a_restart_while_nothing_is_heard_counts_only_what_was_heard() -> None:
    killed = Killed()
    scene = killed.scene
    paused(scene)
    scene.rings(scene.caller_waits())
    scene.passes(2)
    killed.written()
    lost = scene.now
    before = killed.under_way[BRUCE][0]
    center = killed.restarts(lost + HOUR, lost + HOUR + 5, snapshot(*everywhere()), heard=lost)
    day = center.agents[BRUCE].day(lost + HOUR + 5)
    assert (day.paused_s, day.inbound_ring_s) == (before.paused_s, 2)


def test_a_reload_while_nothing_is_heard_counts_only_what_was_heard() -> None:
    scene = Killed().scene
    paused(scene)
    lost, before = scene.now, scene.agent().day(scene.now)
    center = Center(directory(), lost + HOUR, midnight_after, Remembered({BRUCE: QUEUES}))
    inherit(center, scene.center, lost + HOUR)
    rebuild(center, snapshot(*everywhere()), lost + HOUR + 5, lost)
    assert center.agents[BRUCE].day(lost + HOUR + 5).paused_s == before.paused_s


def test_a_gap_begins_when_asterisk_was_last_heard(store: Store) -> None:
    heard = EPOCH - 11
    figures.put_figures(store, Figures(date(EPOCH), Pulse(reading(0), Lately(), heard)))
    found = memory(store, reading(9))
    assert (found.gap.began, found.heard_until, found.resumed.at) == (heard, heard, EPOCH)
    assert memory(store, reading(9, HOUR)).heard_until == heard + HOUR


def test_a_start_knows_since_when_asterisk_was_heard_by_the_clock_as_it_goes(store: Store) -> None:
    first = EPOCH - 60
    figures.put_figures(store, Figures(date(EPOCH), Pulse(reading(0), Lately(), EPOCH, first)))
    assert memory(store, reading(9)).heard_since == first
    assert memory(store, reading(9, HOUR)).heard_since == first + HOUR
    assert memory(store, reading(99, HOUR)).heard_since == first + HOUR


def test_a_gap_that_was_never_closed_keeps_its_beginning(store: Store) -> None:
    write_all(store)
    gaps.open_gap(store, Gap(UUID(int=7), EPOCH - 600, "LinkLost"))
    figures.put_figures(store, Figures(date(EPOCH), Pulse(reading(0), Lately(), EPOCH - 1)))
    found = memory(store, reading(9))
    assert (found.gap.began, found.heard_until) == (EPOCH - 600, EPOCH - 1)


def test_only_agents_whose_figures_moved_are_written() -> None:
    killed = Killed()
    killed.written()
    killed.scene.passes(30)
    assert killed.written() == {}
    killed.scene.pauses(True, "lunch")
    assert set(killed.written()) == {BRUCE}


@pytest.mark.parametrize("talks", [False, True], ids=["rang", "talked"])
def test_a_kill_before_the_log_is_read_leaves_the_calls_that_it_tells_of(talks: bool) -> None:
    killed = Killed()
    scene = killed.scene
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(2)
    if talks:
        scene.answers(caller, phone, gosub=False)
    lost = float(int(scene.now))
    scene.now = lost + 60
    rebuild(scene.center, snapshot(*everywhere()), scene.now, lost)
    killed.written()
    assert killed.under_way[BRUCE][1].calls[phone].ended == lost
    now = lost + 100
    center = killed.restarts(now - 5, now, snapshot(*everywhere()))
    day = center.agents[BRUCE].day(now)
    before = lost - answered_at(killed, phone) if talks else 0
    assert (day.inbound_calls, day.inbound_talk_s) == (1, before)
    lines = [
        Logged(lost + 3, "connected", caller, "support", "Agent/2501", phone, waited=5.0, rang=5.0),
        Logged(lost + 13, "completed", caller, "support", "Agent/2501", waited=5.0, talked=10.0),
    ]
    if talks:
        talked = lost + 13 - answered_at(killed, phone)
        lines = [msgspec.structs.replace(lines[1], talked=talked)]
    count_logged(center, LogsTold(lines), lost, now, lambda moment: datetime.date(2026, 1, 1))
    day = center.agents[BRUCE].day(now)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (1, 1, 0)
    assert day.inbound_talk_s == (talked if talks else 10)
    assert center.take_unwritten(now)[BRUCE][1].calls == {}


def answered_at(killed: Killed, phone: str) -> float:
    answered = killed.under_way[BRUCE][1].calls[phone].answered
    assert answered is not None
    return answered
