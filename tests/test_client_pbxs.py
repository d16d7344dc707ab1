"""What the Python client knows of several PBXs of which some are lost."""

import datetime

from xucd.client import PbxView, State
from xucd.cti import messages as msg

TEN = "2026-11-28T10:00:00Z"
ELEVEN = "2026-11-28T11:00:00Z"
NORTH_LOST = msg.LinkStatus(asterisk="lost", since=ELEVEN, pbx="north")
NORTH_CURRENT = msg.LinkStatus(asterisk="current", pbx="north")
MAIN_LOST = msg.LinkStatus(asterisk="lost", since=TEN, pbx="main")
MAIN_CURRENT = msg.LinkStatus(asterisk="current", pbx="main")
ALL_LOST = msg.LinkStatus(asterisk="lost", since=TEN)
ALL_CURRENT = msg.LinkStatus(asterisk="current")


def after(*told: msg.LinkStatus) -> State:
    """The state after these were told."""
    state = State()
    for each in told:
        state.apply(each)
    return state


def at(moment: str) -> float:
    """A moment in epoch seconds."""
    return datetime.datetime.fromisoformat(moment).timestamp()


def test_a_pbx_that_is_current_does_not_hide_that_another_is_lost() -> None:
    state = after(NORTH_LOST, MAIN_CURRENT)
    assert (state.asterisk, state.asterisk_since) == ("lost", at(ELEVEN))
    assert state.pbxs == {"north": PbxView("lost", at(ELEVEN)), "main": PbxView("current")}


def test_all_is_current_once_the_last_pbx_is_and_lost_since_the_first_was() -> None:
    assert after(NORTH_LOST, MAIN_LOST).asterisk_since == at(TEN)
    assert after(NORTH_LOST, MAIN_LOST, MAIN_CURRENT).asterisk_since == at(ELEVEN)
    state = after(NORTH_LOST, MAIN_LOST, MAIN_CURRENT, NORTH_CURRENT)
    assert (state.asterisk, state.asterisk_since) == ("current", None)


def test_where_no_pbx_is_named_it_is_about_all_that_there_is() -> None:
    state = after(ALL_LOST)
    assert (state.asterisk, state.asterisk_since, state.pbxs) == ("lost", at(TEN), {})
    for told in ((ALL_LOST, ALL_CURRENT), (NORTH_LOST, ALL_CURRENT), (ALL_LOST, MAIN_CURRENT)):
        assert after(*told).asterisk == "current"


def test_a_new_stream_knows_of_no_pbx_and_a_resumed_one_of_those_it_was_told_of() -> None:
    for recovered, asterisk in ((True, "lost"), (False, "current")):
        state = after(NORTH_LOST, MAIN_CURRENT)
        state.apply(msg.LoggedOn(recovered=recovered))
        assert (state.asterisk, len(state.pbxs)) == (asterisk, 2 if recovered else 0)
