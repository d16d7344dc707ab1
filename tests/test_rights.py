"""Who may see and do what."""

import pytest

from xucd.center.directory import Agent, Profile, User
from xucd.center.rights import LEAST_PROFILE, Task, rights_of, shown_profile

OWN = Agent(8, "2501", "Bruce", "Wail", group_id=1, user_id=1)
OTHER = Agent(11, "2504", "Maricé", "Saprïtchà", group_id=2, user_id=4)


def user(profile: Profile | None) -> User:
    return User(
        1,
        "bruce",
        "Bruce",
        "Wail",
        agent_id=8,
        profile=profile,
        queue_ids=frozenset({1}),
        group_ids=frozenset({3}),
    )


@pytest.mark.parametrize("profile", ["Admin", None])
def test_an_admin_and_who_has_no_profile_see_everything(profile: Profile | None) -> None:
    rights = rights_of(user(profile), strict=False)
    assert rights.agent(OTHER)
    assert rights.queue(99)
    assert rights.group(99)


def test_a_supervisor_sees_its_lists_and_its_own_agent_and_nothing_else() -> None:
    rights = rights_of(user("Supervisor"), strict=False)
    assert (rights.queue(1), rights.queue(2)) == (True, False)
    assert (rights.group(3), rights.group(1)) == (True, False)
    assert (rights.agent(OWN), rights.agent(OTHER)) == (True, False)


def test_strict_rights_leave_who_has_no_profile_its_own_agent() -> None:
    rights = rights_of(user(None), strict=True)
    assert (rights.agent(OWN), rights.agent(OTHER), rights.queue(1)) == (True, False, False)


def test_strict_rights_do_not_bound_an_admin() -> None:
    assert rights_of(user("Admin"), strict=True).agent(OTHER)


def test_who_has_no_profile_is_told_so() -> None:
    assert shown_profile(user(None)) == "NoRight"
    assert shown_profile(user("Supervisor")) == "Supervisor"


@pytest.mark.parametrize(
    ("profile", "supervises"),
    [("Admin", (True, True)), ("Supervisor", (True, False)), (None, (False, False))],
)
def test_a_profile_alone_gives_a_say_in_what_others_have_taken(
    profile: Profile | None, supervises: tuple[bool, bool]
) -> None:
    rights = rights_of(user(profile), strict=False)
    assert (rights.supervises(1), rights.supervises(2)) == supervises


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("profile", ["Admin", "Supervisor", None])
def test_every_user_has_its_own_agent(profile: Profile | None, strict: bool) -> None:
    assert rights_of(user(profile), strict=strict).own_agent_id == OWN.id


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("task", Task)
def test_who_has_no_profile_is_an_admin_for_the_agent_api_alone(task: Task, strict: bool) -> None:
    assert not rights_of(user(None), strict=strict).may(task)


@pytest.mark.parametrize("task", Task)
def test_a_supervisor_may_do_what_its_lists_bound_and_an_admin_everything(task: Task) -> None:
    assert rights_of(user("Supervisor"), strict=False).may(task) == (LEAST_PROFILE[task] != "Admin")
    assert rights_of(user("Admin"), strict=False).may(task)


def test_nobody_but_an_admin_administers() -> None:
    profiles: list[Profile | None] = ["Admin", "Supervisor", None]
    assert [rights_of(user(each), strict=False).administrator for each in profiles] == [
        True,
        False,
        False,
    ]
