"""Whose phone is whose, by who is logged in where and by the users' own lines."""

import pytest

from tests.scene import BRUCE, CAROLINE, DAY, START
from xucd.center.center import Center
from xucd.center.directory import Agent, Directory, Line, User
from xucd.center.lines import line_of, users_of
from xucd.center.rules import commanded

OWN, OTHER = Line(1, "1001", "PJSIP/1001"), Line(4, "1004", "PJSIP/1004")
BRUCES = User(1, "bruce", "Bruce", "Wail", line_id=1, agent_id=BRUCE)
GUEST = User(5, "guest", "Gus", "Guest", line_id=1)
LINELESS = User(6, "caroline", "Caroline", "Heronde", agent_id=CAROLINE)


@pytest.fixture
def center() -> Center:
    agents = [
        Agent(BRUCE, "2501", "Bruce", "Wail", group_id=1, user_id=1, line_id=1),
        Agent(CAROLINE, "2506", "Caroline", "Heronde", group_id=2, user_id=6),
    ]
    users = [BRUCES, GUEST, LINELESS, User(7, "nobody", "", "")]
    directory = Directory(lines=[OWN, OTHER], agents=agents, users=users)
    return Center(directory, START, lambda at: at + DAY)


def logs_in(center: Center, agent_id: int, line: Line) -> None:
    commanded.log_in_without_queues(center, agent_id, line, START)


def test_a_phone_is_that_of_all_users_whose_own_line_it_is(center: Center) -> None:
    assert [line_of(center, user) for user in (BRUCES, GUEST)] == [OWN, OWN]
    assert list(users_of(center, OWN)) == [BRUCES, GUEST]
    assert list(users_of(center, OTHER)) == []


def test_an_agents_phone_is_the_one_it_is_logged_in_on_and_its_own_after_that(
    center: Center,
) -> None:
    logs_in(center, BRUCE, OTHER)
    assert line_of(center, BRUCES) is OTHER
    assert (list(users_of(center, OTHER)), list(users_of(center, OWN))) == ([BRUCES], [GUEST])
    commanded.begin_logout(center, BRUCE, START)
    assert line_of(center, BRUCES) is OWN
    assert list(users_of(center, OWN)) == [BRUCES, GUEST]


def test_an_agent_on_its_own_line_is_told_of_its_calls_once(center: Center) -> None:
    logs_in(center, BRUCE, OWN)
    assert list(users_of(center, OWN)) == [BRUCES, GUEST]


def test_a_user_without_a_line_has_no_phone_until_its_agent_logs_in(center: Center) -> None:
    assert line_of(center, LINELESS) is None
    assert line_of(center, User(7, "nobody", "", "")) is None
    logs_in(center, CAROLINE, OTHER)
    assert line_of(center, LINELESS) is OTHER
    assert list(users_of(center, OTHER)) == [LINELESS]


def test_a_line_without_a_device_has_its_interface_for_a_phone() -> None:
    assert OWN.phone == OWN.dial_string == "PJSIP/1001"


def test_a_line_with_a_device_is_rung_there_whatever_its_members_are_called() -> None:
    line = Line(4, "204", "Local/204@from-queue/n", device="PJSIP/204")
    assert line.phone == line.dial_string == "PJSIP/204"


def test_a_local_lines_channels_are_named_without_its_options() -> None:
    line = Line(4, "204", "Local/204@from-queue/n")
    assert (line.phone, line.dial_string) == ("Local/204@from-queue", "Local/204@from-queue/n")
