"""Users as a directory knows them, in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from tests.lone_xucd import LoneXucd
from xucd.app.admission import Admission, still_granted, with_user
from xucd.app.users import ConfiguredUsers
from xucd.center.audit import XUCD, Kind
from xucd.config.directories import GrantSettings, Ldap, Oidc
from xucd.config.plan import Plan
from xucd.signin.identities import Identity
from xucd.store import AsyncStore, Store, audit, directory_users, tables
from xucd.store.apply import apply
from xucd.store.audit import AuditSearch
from xucd.store.directory_users import FIRST_ID, DirectoryUser
from xucd.store.journal import Journal
from xucd.store.repository import Granted


def brought(login: str, granted: Granted | None = None) -> DirectoryUser:
    return DirectoryUser(
        login=login, first_name="", last_name=login, origin="ldap", granted=granted, is_member=True
    )


@pytest.mark.parametrize(
    "granted",
    [
        None,
        Granted(),
        Granted(profile="Admin", rights=("recording",), queues=("a",), groups=("b",)),
    ],
    ids=str,
)
def test_a_sign_in_that_says_the_same_again_changes_nothing(
    store: Store, granted: Granted | None
) -> None:
    zoe = brought("zoe", granted)
    assert directory_users.admit(store, zoe, "", 0.0, create=True) == (True, True)
    assert directory_users.admit(store, zoe, "", 1.0, create=True) == (True, False)
    other = brought("zoe", Granted(profile="Supervisor"))
    assert directory_users.admit(store, other, "", 2.0, create=True) == (True, True)
    kinds = [found.entry.kind for found in audit.read(store, AuditSearch())]
    assert kinds == [Kind.ADD_USER, Kind.SET_PROFILE]


async def test_of_two_who_sign_in_at_once_as_somebody_new_both_get_in(store: Store) -> None:
    work = AsyncStore(store)
    users = ConfiguredUsers(store.directory(), work, Journal(work))

    def changed(user: Any) -> None:
        users.directory = with_user(users.directory, user)

    admission = Admission(work, users, {"ldap": Ldap(create=True)}, changed)
    # The other one has been written down, and is not known to the daemon yet.
    directory_users.admit(store, brought("zoe"), "", 0.0, create=True)
    zoe = await admission.admit(Identity(login="zoe", method="ldap", last_name="zoe"), "")
    assert zoe.login == "zoe"
    await work.close()


def test_users_of_a_directory_are_in_no_files_way(store: Store, demo_plan: Plan) -> None:
    people = [replace(each, user_id=index + 1) for index, each in enumerate(demo_plan.people)]
    people[-1] = replace(people[-1], user_id=None)
    plan = replace(demo_plan, people=tuple(people))
    first = people[0].login
    # From before ids were far away, or after a file that has such ids itself.
    for login, user_id in (("zoe", 2), (first, 1_000_007)):
        directory_users.admit(store, brought(login), "", 0.0, create=True)
        moved = update(tables.users).where(tables.users.c.login == login)
        with store.writing() as connection:
            connection.execute(moved.values(id=user_id))
    apply(store, plan)
    users = store.directory().user_by_login
    assert [users[each.login].id for each in people[:-1]] == [each.user_id for each in people[:-1]]
    # Nor do users of the file go on behind those.
    assert users[people[-1].login].id == len(people)
    assert users["zoe"].id >= FIRST_ID
    assert apply(store, plan) == []
    directory_users.admit(store, brought("yan"), "", 0.0, create=True)
    assert store.directory().user_by_login["yan"].id > users["zoe"].id


GIVEN = Granted(by="ldap", profile="Admin", rights=("recording",), queues=("a", "b"))
ADMINS = GrantSettings(group="admins", profile="Admin", rights=("recording",), queues=("a", "b"))
OTHERS = GrantSettings(group="others", profile="Supervisor", queues=("b",))
LDAP, OIDC = Ldap(urls=("ldaps://x",), grants=(ADMINS,)), Oidc(issuer="https://x", grants=(ADMINS,))


@pytest.mark.parametrize(
    ("given", "directories", "left"),
    [
        (GIVEN, (Oidc(), LDAP), GIVEN),
        (GIVEN, (Oidc(), replace(LDAP, grants=(OTHERS,))), Granted(by="ldap", queues=("b",))),
        (GIVEN, (OIDC, replace(LDAP, grants=())), None),
        (GIVEN, (OIDC, replace(LDAP, urls=())), None),
        (replace(GIVEN, by=""), (OIDC, replace(LDAP, urls=())), replace(GIVEN, by="")),
        (replace(GIVEN, by=""), (Oidc(), Ldap()), None),
    ],
    ids=["granted", "less", "no grants", "directory off", "of either", "of neither"],
)
def test_what_no_grant_gives_any_more_is_taken_back(
    store: Store,
    demo_plan: Plan,
    given: Granted,
    directories: tuple[Oidc, Ldap],
    left: Granted | None,
) -> None:
    apply(store, demo_plan)
    own = store.configured().user_by_login["sue"]
    directory_users.admit(store, brought("sue", given), "", 0.0, create=False)
    directory_users.revise(store, still_granted(*directories), 1.0)
    sue = store.directory().user_by_login["sue"]
    assert sue.profile == (own.profile if left is None else left.profile)
    assert sue.rights == (own.rights if left is None else left.rights)
    newest = audit.read(store, AuditSearch(newest_first=True, limit=1))[0].entry
    assert (newest.actor == XUCD) == (left != given)
    if left != given:
        assert (newest.kind, [target.name for target in newest.targets]) == (
            Kind.SET_PROFILE,
            ["sue"],
        )


async def test_a_start_takes_back_what_a_directory_gave_that_is_off(tmp_path: Path) -> None:
    xucd = LoneXucd(tmp_path)
    await xucd.prepare()
    store = xucd.store()
    directory_users.admit(store, brought("bruce", GIVEN), "", 0.0, create=False)
    assert store.directory().user_by_login["bruce"].profile == "Admin"
    await xucd.start()
    await xucd.stop()
    assert store.directory().user_by_login["bruce"].profile is None
    store.close()


def test_a_change_of_a_profile_tells_what_the_directorys_groups_give_in_its_place(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    directory_users.admit(store, brought("sue", GIVEN), "", 0.0, create=False)
    people = [
        replace(each, profile=None) if each.login == "sue" else each for each in demo_plan.people
    ]
    (said,) = apply(store, replace(demo_plan, people=tuple(people)))
    assert said.startswith("changed user sue: profile ")
    assert said.endswith("to none (its directory's groups decide: profile Admin, rights recording)")
