"""Whether an agent's phone may ring, and for which call it is kept, as events tell it."""

import random
from collections.abc import Iterable

import pytest

from tests.scene import ALICE, BRUCE, Scene, directory
from xucd.center import events as ev
from xucd.center.directory import Line
from xucd.center.events import ChannelState
from xucd.center.homes import Home
from xucd.center.inheriting import inherit
from xucd.center.reservations import Asking
from xucd.center.rules import commanded, reservations
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot

NUMBER, PHONE = "1001", "PJSIP/1001"


class Judged(Scene):
    """A scene with an agent at 1001, and words for what runs in the judging context."""

    def __init__(self) -> None:
        super().__init__()
        self.logs_in()

    def channel(self, unique_id: str, linked_id: str = "", name: str = "") -> str:
        """A channel comes to be that is about to ask, by itself or in another's call."""
        state = ChannelState.RING
        name = name or f"PJSIP/xucd-north-{unique_id}"
        self.happens(
            ev.ChannelCreated(name, unique_id, linked_id or unique_id, state, "", "", NUMBER)
        )
        return unique_id

    def visits(self) -> None:
        """The agent has a queue on another PBX, whose id is 12."""
        self.center.agent_record(BRUCE).set_elsewhere({12: 0})

    def asks(self, unique_id: str, far_id: str = "", number: str = NUMBER) -> Line | None:
        return reservations.may_ring(self.center, Asking(number, far_id), unique_id, self.now)

    def may_ring(self, far_id: str = "") -> bool:
        """Whether another channel would get a yes; it hangs up at once."""
        probe = self.channel("probe")
        answer = self.asks(probe, far_id)
        self.hangs_up(probe)
        return answer is not None

    def dials(self, asker: str, phone: str = "phone", device: str = PHONE) -> str:
        """The phone is rung for a channel that asked."""
        linked_id = self.center.channels.by_id[asker].linked_id
        self.happens(
            ev.ChannelCreated(
                f"{device}-{phone}", phone, linked_id, ChannelState.DOWN, NUMBER, "", ""
            ),
            ev.ChannelMoved(phone, linked_id, ChannelState.RINGING, NUMBER, "", "", ""),
        )
        return phone

    def answered(self, asker: str, phone: str) -> None:
        linked_id = self.center.channels.by_id[asker].linked_id
        up = ChannelState.UP
        self.happens(
            ev.ChannelMoved(phone, linked_id, up, NUMBER, "", "", ""),
            ev.DialEnded(asker, phone, "ANSWER"),
            ev.ChannelMoved(asker, linked_id, up, "", "", "", ""),
            ev.BridgeEntered(f"bridge of {asker}", phone, linked_id),
            ev.BridgeEntered(f"bridge of {asker}", asker, linked_id),
        )

    @property
    def kept_for(self) -> str | None:
        kept = self.center.reservations.of(BRUCE)
        return kept.channel if kept is not None else None


def talking() -> Judged:
    scene = Judged()
    scene.visits()
    asker = scene.channel("asker")
    assert scene.asks(asker, "12:17.3")
    scene.answered(asker, scene.dials(asker))
    return scene


def test_a_ready_agent_whose_phone_is_idle_may_be_rung_and_is_kept_for_who_asked() -> None:
    scene = Judged()
    scene.visits()
    asker = scene.channel("asker")
    line = scene.asks(asker, "12:17.3")
    assert line is not None and line.dial_string == PHONE
    kept = scene.center.reservations.of(BRUCE)
    assert kept is not None and (kept.channel, kept.far_id) == ("asker", "12:17.3")
    assert not scene.may_ring()


def test_who_asks_again_is_answered_as_before() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker) and scene.asks(asker)
    scene.hangs_up(asker)
    assert len(scene.center.reservations) == 0


def test_nobody_is_rung_who_is_out_or_unknown_or_elsewhere() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker, number="1002") is None, "alice is out"
    assert scene.asks(asker, number="") is None
    assert scene.asks(asker, number="1001-north") is None
    assert scene.kept_for is None


def test_no_call_reaches_an_agent_in_a_pause_or_wrap_up() -> None:
    scene = Judged()
    scene.pauses(True, "lunch")
    assert not scene.may_ring()
    scene.pauses(False)
    assert scene.may_ring()
    scene.wraps_up()
    assert not scene.may_ring()


def test_no_call_reaches_an_agent_whose_wrap_up_is_still_to_come() -> None:
    scene = Judged()
    scene.center.agent_record(BRUCE).owe_wrapup()
    assert not scene.may_ring()


def test_no_call_reaches_an_agent_that_is_leaving_or_recalled() -> None:
    leaving, recalled = Judged(), Judged()
    commanded.expect_logout(leaving.center, BRUCE)
    assert not leaving.may_ring()
    commanded.recall(recalled.center, BRUCE)
    assert not recalled.may_ring()


def test_a_phone_with_a_call_of_any_kind_is_not_rung() -> None:
    scene = Judged()
    call = scene.talks()
    assert not scene.may_ring()
    scene.hangs_up(call)
    assert scene.may_ring()
    rung = scene.rings(scene.caller_waits())
    assert not scene.may_ring()
    scene.hangs_up(rung)
    down = ev.ChannelCreated(f"{PHONE}-9", "9", "9", ChannelState.DOWN, "", "", "")
    scene.happens(down)
    assert not scene.may_ring(), "it is about to ring"


def test_a_channel_that_is_not_known_to_live_gets_a_no() -> None:
    scene = Judged()
    assert scene.asks("never heard of") is None
    asker = scene.channel("asker")
    scene.hangs_up(asker)
    assert scene.asks(asker) is None
    assert scene.kept_for is None


def test_whoever_gives_up_before_the_phone_rings_frees_the_agent() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    assert not scene.may_ring()
    scene.hangs_up(asker)
    assert scene.may_ring()


def test_an_agent_is_kept_while_the_phone_rings_and_until_both_are_gone_without_an_answer() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    phone = scene.dials(asker)
    kept = scene.center.reservations.of(BRUCE)
    assert kept is not None and kept.phone == phone
    scene.hangs_up(phone)
    assert not scene.may_ring(), "another registration of the phone may still be rung"
    scene.hangs_up(asker)
    assert scene.may_ring()


def test_the_end_of_an_answered_phone_frees_the_agent_though_the_caller_was_handed_on() -> None:
    scene = talking()
    assert not scene.may_ring()
    scene.hangs_up("phone")
    assert "asker" in scene.center.channels.by_id
    assert scene.may_ring()


def test_an_agent_talks_on_after_the_channel_that_asked_has_gone() -> None:
    scene = talking()  # a Local channel goes once it is optimised away
    scene.hangs_up("asker")
    assert scene.kept_for is None
    assert not scene.may_ring(), "the phone talks"
    scene.hangs_up("phone")
    assert scene.may_ring()


def test_of_several_registrations_the_one_that_answers_counts() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    first, second = scene.dials(asker, "first"), scene.dials(asker, "second")
    scene.answered(asker, second)
    scene.hangs_up(first)
    kept = scene.center.reservations.of(BRUCE)
    assert kept is not None and (kept.phone, kept.answered) == (second, True)
    scene.hangs_up(second)
    assert scene.kept_for is None


def test_an_agent_whose_ringing_call_another_phone_picks_up_is_free() -> None:
    scene = Judged()
    scene.logs_in(ALICE)
    asker = scene.channel("asker")
    assert scene.asks(asker)
    phone = scene.dials(asker)
    picker = scene.channel("picker", name="PJSIP/1003-picker")
    scene.happens(ev.PickedUp(picker, phone))
    assert scene.kept_for is None
    scene.hangs_up(phone)
    assert "asker" in scene.center.channels.by_id
    assert scene.may_ring()


def test_an_agent_whose_call_is_answered_elsewhere_is_free() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    scene.dials(asker)
    other = scene.dials(asker, "forwarded", "PJSIP/1004")
    scene.happens(ev.DialEnded(asker, other, "ANSWER"))
    assert scene.kept_for is None


def test_dials_of_other_channels_and_without_an_answer_change_nothing() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    phone = scene.dials(asker)
    scene.happens(ev.DialEnded("another", phone, "ANSWER"), ev.DialEnded(asker, phone, "BUSY"))
    kept = scene.center.reservations.of(BRUCE)
    assert kept is not None and not kept.answered


def test_a_call_of_another_linked_id_is_not_the_one_that_the_agent_is_kept_for() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    stranger = scene.channel("stranger", name="PJSIP/1004-1")
    scene.dials(stranger, "direct")
    kept = scene.center.reservations.of(BRUCE)
    assert kept is not None and kept.phone == ""


def test_events_that_come_twice_free_nobody_else() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    scene.hangs_up(asker)
    second = scene.channel("second")
    assert scene.asks(second)
    scene.happens(ev.ChannelGone("PJSIP/xucd-north-asker", asker))
    assert scene.kept_for == second


def test_two_agents_are_kept_for_two_calls() -> None:
    scene = Judged()
    scene.logs_in(ALICE)
    one, other = scene.channel("one"), scene.channel("other")
    assert scene.asks(one) and scene.asks(other, number="1002")
    scene.hangs_up(one)
    assert scene.kept_for is None
    kept = scene.center.reservations.of(ALICE)
    assert kept is not None and kept.channel == other


def test_an_agent_whose_home_is_elsewhere_is_not_rung_here() -> None:
    part = directory()
    part.pbx = "north"
    scene = Scene(centre=part, homes=[Home(BRUCE, "south", 1)])
    state = ChannelState.RING
    scene.happens(
        ev.MemberAdded("support", PHONE, "Agent/2501", 0, False, ""),
        ev.ChannelCreated("PJSIP/xucd-south-1", "1", "1", state, "", "", NUMBER),
    )
    assert reservations.may_ring(scene.center, Asking(NUMBER), "1", scene.now) is None


def test_a_reload_keeps_whom_an_agent_is_kept_for() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    after = Scene()
    inherit(after.center, scene.center, scene.now)
    kept = after.center.reservations.of(BRUCE)
    assert kept is not None and kept.channel == asker


class Game(Judged):
    """Things that happen in any order to channels that may ask, and to those of the phone."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.askers = [self.channel("asker")]
        self.phones: list[str] = []
        self.rang: set[str] = set()

    def comes(self, step: int) -> None:
        self.askers.append(self.channel(f"asker{step}"))

    def asks_once(self, step: int) -> None:
        asker = self.random.choice(self.askers or [self.channel(f"asker{step}")])
        before = self.kept_for
        busy = any(self.center.channels.on(PHONE))
        if self.asks(asker):
            assert before in (None, asker)
            assert not busy

    def is_rung(self, step: int) -> None:
        if self.kept_for is not None and self.kept_for not in self.rang:
            self.rang.add(self.kept_for)
            self.phones += [self.dials(self.kept_for, f"phone{step}{fork}") for fork in "ab"]

    def is_answered(self, step: int) -> None:
        kept = self.center.reservations.of(BRUCE)
        phones = [each for each in self.phones if kept is not None and kept.phone]
        if kept is not None and phones and not kept.answered:
            self.answered(kept.channel, self.random.choice(phones))

    def ends(self, step: int) -> None:
        ended = self.random.choice([self.askers, self.phones])
        if ended:
            self.hangs_up(ended.pop(self.random.randrange(len(ended))))

    def is_paused(self, step: int) -> None:
        self.pauses(self.random.random() < 0.5)


@pytest.mark.parametrize("seed", range(50))
def test_in_any_order_a_phone_is_rung_for_one_and_no_agent_stays_kept(seed: int) -> None:
    game = Game(seed)
    moves = [game.comes, game.asks_once, game.asks_once, game.is_rung]
    moves += [game.is_answered, game.ends, game.ends, game.is_paused]
    for step in range(60):
        game.random.choice(moves)(step)
        kept = game.kept_for
        assert kept is None or kept in game.center.channels.by_id
    game.hangs_up(*game.center.channels.by_id)
    assert len(game.center.reservations) == 0
    game.pauses(False)
    assert game.may_ring()


# -- what a snapshot tells


def seen(unique_id: str, state: ChannelState, linked_id: str, bridge: str = "") -> ChannelSeen:
    """A channel as it is listed: of the phone, or of another PBX's trunk."""
    device = PHONE if unique_id.startswith("phone") else "PJSIP/xucd-north"
    texts = ("", "", "", "", "s", "", "")
    name = f"{device}-{unique_id}"
    return ChannelSeen(name, unique_id, linked_id, state, *texts, bridge=bridge, age=3)


def listed(scene: Scene, *channels: ChannelSeen, asking: Iterable[str] = ("asker",)) -> None:
    scene.rebuilds(
        Snapshot(
            frozenset({"support"}),
            (MemberSeen("support", PHONE, "Agent/2501", 0, False, "", 0, 0),),
            (),
            channels,
            {},
            asking={each: Asking(NUMBER, f"far {each}") for each in asking},
        )
    )


RING, UP, RINGING = ChannelState.RING, ChannelState.UP, ChannelState.RINGING


def test_after_a_restart_an_agent_is_kept_for_the_channel_that_asks_or_rings() -> None:
    for phones in ((), (seen("phone", RINGING, "asker"),)):
        scene = Judged()
        listed(scene, seen("asker", RING, "asker"), *phones)
        kept = scene.center.reservations.of(BRUCE)
        assert kept is not None and (kept.channel, kept.far_id) == ("asker", "far asker")
        assert (kept.phone, kept.answered) == ("phone" if phones else "", False)
        assert not scene.may_ring()


def test_after_a_restart_an_agent_is_kept_for_the_call_that_its_phone_talks_in() -> None:
    scene = Judged()
    listed(scene, seen("asker", UP, "asker", "bridge"), seen("phone", UP, "asker", "bridge"))
    kept = scene.center.reservations.of(BRUCE)
    assert kept is not None and (kept.phone, kept.answered) == ("phone", True)
    scene.hangs_up("phone")
    assert scene.kept_for is None


def test_after_a_restart_an_agent_is_free_whose_caller_was_handed_on() -> None:
    scene = Judged()
    other = seen("other", UP, "asker", "bridge")
    listed(scene, seen("asker", UP, "asker", "bridge"), other)
    assert scene.kept_for is None
    assert scene.may_ring()


def test_of_two_that_ask_after_a_restart_the_one_with_the_phone_is_kept_or_else_the_older() -> None:
    scene = Judged()
    both = (seen("first", RING, "first"), seen("second", RING, "second"))
    listed(scene, *both, asking=("second", "first"))
    assert scene.kept_for == "first"
    listed(scene, *both, seen("phone", RINGING, "second"), asking=("first", "second"))
    assert scene.kept_for == "second"


def test_a_snapshot_frees_whoever_is_kept_for_a_channel_that_is_gone() -> None:
    scene = Judged()
    asker = scene.channel("asker")
    assert scene.asks(asker)
    listed(scene)
    assert scene.kept_for is None
    listed(scene, seen("someone", RING, "someone"), asking=("gone",))
    assert scene.kept_for is None
