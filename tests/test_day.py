"""One agent's figures of a day: what is added to which."""

import msgspec
import pytest

from xucd.center.agent import AgentState
from xucd.center.day import AgentDay

FIGURES = [field.name for field in msgspec.structs.fields(AgentDay)]
MOMENTS = ("login_at", "logout_at")
DAY = AgentDay(**{name: place + 1 for place, name in enumerate(FIGURES)})


def test_a_day_added_to_another_adds_every_figure_and_leaves_the_moments_alone() -> None:
    added = AgentDay(**{name: 100 for name in FIGURES})
    for name in FIGURES:
        value = getattr(DAY, name)
        assert getattr(DAY.plus(added), name) == value + (0 if name in MOMENTS else 100)


@pytest.mark.parametrize("state", AgentState)
def test_time_is_counted_in_the_figure_of_its_state_if_it_has_one(state: AgentState) -> None:
    spent = {
        AgentState.READY: AgentDay(ready_s=5.0),
        AgentState.ON_PAUSE: AgentDay(paused_s=5.0),
        AgentState.ON_WRAPUP: AgentDay(wrapup_s=5.0),
    }
    assert AgentDay().spend(state, 5.0) == spent.get(state, AgentDay())


def test_the_next_day_begins_at_zero_and_knows_the_last_login_and_logout() -> None:
    assert DAY.tomorrow() == AgentDay(login_at=DAY.login_at, logout_at=DAY.logout_at)
