"""The pure parts of the model: what must agree, and how a failing trace is made shorter."""

from dataclasses import replace
from typing import Any, cast

import pytest

from integration.model import answers, run
from integration.model.answers import Stories, Told
from integration.model.compare import Known, differences
from integration.model.listed import Channel, Listed, Member
from integration.model.panel import Block
from integration.model.run import unlike_log
from integration.model.shrink import shrink
from xucd.cti.messages import QueueStatistic

BRUCE = 8
READY = {"agentId": BRUCE, "name": "AgentReady", "phoneNb": "1001", "cause": "available"}
MEMBER = Member("support", "PJSIP/1001", "Agent/2501", 0, False, "")
FIGURES: dict[str, float] = {
    QueueStatistic.ENTERED: 0,
    QueueStatistic.ANSWERED: 0,
    QueueStatistic.ABANDONED: 0,
    QueueStatistic.CLOSED: 0,
    **{
        QueueStatistic.WAITING_CALLS: 0,
        QueueStatistic.LOGGED_IN_AGENTS: 1,
        QueueStatistic.AVAILABLE_AGENTS: 1,
        QueueStatistic.TALKING_AGENTS: 0,
    },
}
PHONE = Channel("PJSIP/1001-1", "2", "1", "Up", "b", "AppQueue", "", "1001", call_id="sip")
CALLER = Channel("PJSIP/trunk-1", "1", "1", "Up", "b", "Queue", "support", "0230210082")
CALL = {
    **{"eventType": "EventEstablished", "DN": "1001", "otherDN": "0230210082"},
    **{"callDirection": "Incoming", "queueName": "support", "uniqueId": "2", "linkedId": "1"},
}
ON_CALL = READY | {
    **{"name": "AgentOnCall", "cause": "", "acd": True, "direction": "Incoming"},
    "monitorState": "DISABLED",
}
HANDED = Known(handed=frozenset({"2"}))
QUIET = Listed(members=(MEMBER,), devices={"PJSIP/1001": "NOT_INUSE"})
TALKING = replace(QUIET, channels=(PHONE, CALLER), devices={"PJSIP/1001": "INUSE"})


def told(agent: dict[str, Any] = READY, **more: Any) -> Told:
    members = {(BRUCE, 1): 0}
    return replace(
        Told(agents={BRUCE: agent}, members=members, sent_members=members, figures={1: FIGURES}),
        **more,
    )


def on_call(agent: dict[str, Any] = ON_CALL, call: dict[str, Any] = CALL, **more: Any) -> Told:
    figures = {1: FIGURES | {QueueStatistic.AVAILABLE_AGENTS: 0, QueueStatistic.TALKING_AGENTS: 1}}
    return told(agent, calls={"bruce": {"2": call}}, figures=figures, **more)


def about(listed: Listed, seen: Told, known: Known | None = None) -> list[str]:
    """What the differences are about."""
    return [each.partition(" ")[0] for each in differences(listed, seen, known or Known())]


def test_what_agrees_is_no_difference() -> None:
    assert about(QUIET, told()) == []
    assert about(TALKING, on_call(), Known(incoming=frozenset({"sip"}))) == []


@pytest.mark.parametrize(
    "listed, seen, found",
    [
        (replace(QUIET, members=(replace(MEMBER, paused=True),)), told(), {"agent", "figures"}),
        (replace(QUIET, devices={}), told(), {"agent", "figures"}),
        (QUIET, told(READY | {"name": "AgentRinging"}), {"agent"}),
        (QUIET, told(READY | {"name": "AgentLoggedOut"}), {"agent"}),
        (replace(QUIET, members=(replace(MEMBER, penalty=3),)), told(), {"member:"}),
        (QUIET, told(sent_members={}), {"sent:"}),
        (TALKING, on_call(sent_calls={"bruce": {}}), {"sent:"}),
        (
            replace(QUIET, members=()),
            told(READY | {"queues": [1]}, members={}, sent_members={}, figures={}),
            {"agent"},
        ),
        (QUIET, told(sent_agents={BRUCE: READY | {"cause": ""}}), {"sent:"}),
        (QUIET, told(sent_calls={"bruce": {"2": CALL}}, calls={"bruce": {}}), {"sent:"}),
        (QUIET, told(callers={1: [{"number": "0", "position": 1}]}), {"callers"}),
        (QUIET, told(figures={1: FIGURES | {QueueStatistic.ENTERED: 1}}), {"figures"}),
        (QUIET, told(calls={"bruce": {"2": CALL}}), {"call"}),
        (TALKING, on_call(call=CALL | {"otherDN": "1002"}), {"call"}),
        (TALKING, on_call(call=CALL | {"eventType": "EventRinging"}), {"call"}),
        (TALKING, on_call(ON_CALL | {"direction": "Outgoing"}), {"two"}),
        (TALKING, on_call(ON_CALL | {"acd": False}), {"two"}),
        (TALKING, on_call(ON_CALL | {"monitorState": "ACTIVE"}), {"recording:"}),
    ],
)
def test_what_does_not_agree_is_said(listed: Listed, seen: Told, found: set[str]) -> None:
    assert set(about(listed, seen)) == found


def test_a_call_is_told_in_the_direction_in_which_it_was_placed() -> None:
    assert about(TALKING, on_call(), Known(outgoing=frozenset({"sip"}))) == ["call"]


def test_a_call_on_hold_is_told_so() -> None:
    assert about(TALKING, on_call(), Known(held=frozenset({"2"}))) == ["call"]
    assert about(TALKING, on_call(), Known(held=frozenset({"2"}), unsure=frozenset({"sip"}))) == []


def test_a_recording_that_is_muted_is_told_as_paused() -> None:
    recorded = replace(TALKING, channels=(PHONE, replace(CALLER, recorded=True)))
    seen = on_call(ON_CALL | {"monitorState": "PAUSED"})
    assert about(recorded, seen, Known(muted=frozenset({"1"}))) == []
    assert about(recorded, seen) == ["recording:"]


def test_no_recording_is_judged_of_a_phone_that_also_has_a_call_with_nobody() -> None:
    parked = replace(PHONE, name="PJSIP/1001-2", unique_id="3", bridge="")
    other = CALL | {"uniqueId": "3"}
    listed = replace(TALKING, channels=(PHONE, CALLER, parked))
    seen = on_call(ON_CALL | {"monitorState": "ACTIVE"})
    seen = replace(seen, calls={"bruce": {"2": CALL, "3": other}})
    assert about(listed, seen) == []


def test_of_two_members_of_one_phone_the_one_that_is_rung_counts() -> None:
    paused = replace(MEMBER, paused=True, penalty=4)
    other = Member("support", "Local/1001@phones/n", "Local one", 3, False, "")
    listed = replace(QUIET, members=(paused, other))
    seen = told(members={(BRUCE, 1): 3}, sent_members={(BRUCE, 1): 3})
    assert about(listed, seen) == []
    assert about(listed, told()) == ["member:"]


def test_a_member_that_a_logout_has_shelved_is_none() -> None:
    shelved = replace(MEMBER, paused=True, reason="xucd-logout")
    none = FIGURES | dict.fromkeys(
        (QueueStatistic.LOGGED_IN_AGENTS, QueueStatistic.AVAILABLE_AGENTS), 0
    )
    out = READY | {"name": "AgentLoggedOut"}
    seen = told(out, members={}, sent_members={}, figures={1: none})
    assert about(replace(QUIET, members=(shelved,)), seen) == []


def test_the_call_of_a_phone_that_has_handed_it_on_may_be_told_or_not() -> None:
    seen = on_call()
    for calls in ({"2": CALL}, {}):
        assert about(TALKING, replace(seen, calls={"bruce": calls}), HANDED) == []


def test_a_pause_for_a_wrapup_that_nobody_ends_is_said() -> None:
    foreign = Member("support", "PJSIP/1008", "PJSIP/1008", 0, True, "xucd-wrapup")
    assert about(replace(QUIET, members=(MEMBER, foreign)), told()) == ["wrap-up:"]


def test_a_wrapup_hides_that_a_phone_is_out_of_reach() -> None:
    wraps = replace(
        QUIET, members=(replace(MEMBER, paused=True, reason="xucd-wrapup"),), devices={}
    )
    figures = {1: FIGURES | {QueueStatistic.AVAILABLE_AGENTS: 0}}
    assert about(wraps, told(READY | {"name": "AgentOnWrapup"}, figures=figures)) == []


def test_an_untold_call_and_a_call_without_a_channel_do_not_cancel_out() -> None:
    ghost = CALL | {"uniqueId": "9", "linkedId": "8"}
    seen = replace(on_call(), calls={"bruce": {"9": ghost}})
    assert about(TALKING, seen, Known(incoming=frozenset({"sip"}))) == ["call", "call"]


LOG = (
    *("100|1|support|NONE|ENTERQUEUE||", "109|1|support|PJSIP/1001|CONNECT|", "110|2|support"),
    *("120|3|support|NONE|ENTERQUEUE||", "125|3|support|NONE|ABANDON|1"),
)


@pytest.mark.parametrize(
    "entered, answered, down, takings, fine",
    [
        (2, 1, [], 0, True),
        (1, 1, [], 0, False),
        (1, 1, [(121.5, 123.0)], 0, True),
        (0, 1, [(121.5, 123.0)], 0, False),
        (2, 2, [], 0, False),
        (2, 2, [], 1, True),
        (2, 0, [], 1, False),
    ],
)
def test_figures_are_those_of_asterisks_log_but_for_takings_and_restarts(
    entered: int, answered: int, down: list[tuple[float, float]], takings: int, fine: bool
) -> None:
    figures: dict[str, float] = {QueueStatistic.ENTERED: 0, QueueStatistic.ANSWERED: 0}
    seen = dict.fromkeys((1, 2, 3), figures)
    seen[1] = {QueueStatistic.ENTERED: entered, QueueStatistic.ANSWERED: answered}
    assert (unlike_log(LOG, seen, down, takings) == []) is fine


def test_callers_are_told_in_their_order() -> None:
    rows = tuple(Block({"CallerIDNum": number}) for number in ("1", "2"))
    listed = replace(QUIET, callers={"support": rows})
    waiting = {1: FIGURES | {QueueStatistic.ENTERED: 2, QueueStatistic.WAITING_CALLS: 2}}
    calls = [{"number": "2", "position": 1}, {"number": "1", "position": 2}]
    assert about(listed, told(callers={1: calls}, figures=waiting)) == ["callers"]
    assert about(listed, told(callers={1: calls[::-1]}, figures=waiting)) == ["callers"]


def test_who_talks_is_seen_through_local_channels() -> None:
    half, other = (
        replace(CALLER, name=f"Local/1006@phones-1;{end}", bridge=bridge, unique_id=end)
        for end, bridge in (("1", "a"), ("2", "b"))
    )
    caller = replace(CALLER, bridge="a")
    listed = Listed(channels=(PHONE, half, other, caller))
    assert listed.others(PHONE) == [caller]
    assert listed.others(caller) == [PHONE]


class Looks:
    """A scene in which nothing happens, and what each look at it finds."""

    def __init__(self, *found: list[str] | None) -> None:
        self.found = list(found)
        self.troubles: list[str] = []
        self.pages: dict[str, Any] = {}
        self.silent = None
        self.bursts = self.compared = self.heard = 0
        self.panel = self

    async def quiet(self, seconds: float, bound: float) -> bool:
        return self.found[:1] != [None]

    async def look(self) -> Listed:
        return QUIET

    def known(self) -> Known:
        return Known()

    def tracebacks(self) -> list[str]:
        return []


@pytest.mark.parametrize(
    "looks, found, compared",
    [
        ([[]], [], 1),
        ([["a"], []], [], 1),
        ([["a", "b"], ["b", "c"], ["b"], ["b", "a"]], ["b"], 1),
        ([["b"], ["b"], ["b"], []], [], 1),
        ([["a"], None], [], 0),
        ([None], [], 0),
    ],
)
async def test_a_difference_is_one_that_all_looks_in_turn_find(
    looks: list[list[str] | None], found: list[str], compared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Looks(*looks)

    async def read(*_: Any) -> Told:
        return Told()

    monkeypatch.setattr(answers, "read", read)
    monkeypatch.setattr(run, "differences", lambda *_: scene.found.pop(0))
    assert await run.settle(cast(Any, scene)) == found
    assert (scene.compared, scene.bursts) == (compared, 1)


async def test_what_a_step_raises_is_a_difference_after_its_trace() -> None:
    async def dies() -> None:
        raise ConnectionError("xucd is gone")

    with pytest.raises(run.Differs) as crash:
        await run.or_crash([run.Done(1, "kill", {})], dies())
    assert crash.value.kinds == {"crash:"}
    assert [each.name for each in crash.value.trace] == ["kill"]


class Page:
    """Frames of a page, one for each event of a phone."""

    def __init__(self, *stages: tuple[str, str]) -> None:
        self.frames = [
            _Frame(CALL | {"eventType": f"Event{stage}", "callDirection": direction})
            for stage, direction in stages
        ]


class _Frame:
    type = "PhoneEvent"

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body


def test_a_call_does_not_turn_round_while_it_is_talked_and_only_talk_comes_back() -> None:
    fine = Page(("Dialing", "Outgoing"), ("Established", "Incoming"), ("Released", "Incoming"))
    assert Stories().wrong("bruce", fine.frames) == []
    turned = Page(("Established", "Incoming"), ("OnHold", "Outgoing"))
    assert len(Stories().wrong("bruce", turned.frames)) == 1
    back = Page(("Released", "Incoming"), ("Ringing", "Incoming"))
    stories = Stories()
    assert len(stories.wrong("bruce", back.frames)) == 1
    stories.new_pages()
    stories.moved.add("bruce")
    assert stories.wrong("bruce", back.frames) == []
    again = Page(("Released", "Incoming"), ("Established", "Incoming"))
    assert Stories().wrong("bruce", again.frames) == []


@pytest.mark.parametrize("needed", [{3}, {0, 19}, {5, 6}, {17, 18, 19}])
async def test_a_failing_trace_is_made_shorter_in_at_most_eight_replays(needed: set[int]) -> None:
    replays = 0

    async def fails(steps: list[int]) -> bool:
        nonlocal replays
        replays += 1
        return needed <= set(steps)

    shortest = await shrink(range(20), fails)
    assert needed <= set(shortest)
    assert len(shortest) <= 10
    assert replays <= 8


async def test_a_trace_that_needs_every_step_is_kept_whole() -> None:
    async def fails(steps: list[int]) -> bool:
        return len(steps) == 3

    assert await shrink([1, 2, 3], fails) == [1, 2, 3]
