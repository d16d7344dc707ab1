"""Events that were held back while a list was read."""

from typing import Any

import pytest

from tests.scene import BRUCE, Scene
from xucd.app.held import apply_held
from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.rules.table import RULES


def test_an_event_that_a_rule_fails_at_does_not_lose_those_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("a mistake")

    monkeypatch.setitem(RULES, ev.CallerSent, (fails,))
    scene = Scene()
    joined = ev.MemberAdded("support", "PJSIP/1001", "Agent/2501", 0, False, "")
    apply_held(scene.center, [ev.CallerSent("support", "a"), joined], scene.now)
    assert scene.agent(BRUCE).stance is Stance.READY


def test_what_was_true_for_a_moment_only_is_seen_by_who_waits_for_it() -> None:
    scene = Scene()
    scene.logs_in()
    names = "PJSIP/1001", "Agent/2501"
    queues = ("support", "sales", "billing")
    paused = [ev.MemberPaused(queue, *names, True, "lunch") for queue in queues]
    ready = [ev.MemberPaused(queue, *names, False, "") for queue in queues]
    seen: list[Stance] = []
    apply_held(
        scene.center, [*paused, *ready], scene.now, lambda: seen.append(scene.agent(BRUCE).stance)
    )
    assert seen == [Stance.READY] * 3 + [Stance.PAUSED] + [Stance.READY] * 3
