"""Each change of the configuration gives it another version, and nothing else does."""

from __future__ import annotations

from tests.test_directory_users import brought
from xucd.center.audit import XUCD, AuditEntry, Kind, Target
from xucd.config.plan import Plan
from xucd.store import Store, directory_users
from xucd.store.apply import apply, preview
from xucd.store.extending import extend
from xucd.store.user_import import import_users
from xucd.store.versions import Versions, versions


def test_what_is_applied_has_another_version_and_what_changes_nothing_has_the_same(
    store: Store, demo_plan: Plan
) -> None:
    assert versions(store) == Versions()
    preview(store, demo_plan)
    assert versions(store) == Versions()
    apply(store, demo_plan)
    first = versions(store)
    assert first.configuration
    apply(store, demo_plan)
    assert versions(store) == first
    store.set_password_hash("sue", "x")
    assert versions(store) == first


def test_users_who_are_imported_and_what_is_added_give_another_version(
    store: Store, demo_plan: Plan
) -> None:
    def entry(kind: Kind, targets: list[Target], detail: dict[str, object]) -> AuditEntry:
        return AuditEntry(at=0.0, actor=XUCD, kind=kind, targets=tuple(targets), detail=detail)

    found = [versions(store).configuration]
    extend(store, lambda _: demo_plan)
    found.append(versions(store).configuration)
    import_users(store, demo_plan, {}, entry)
    assert versions(store).configuration == found[-1]
    import_users(store, demo_plan, {"sue": "x"}, entry)
    found.append(versions(store).configuration)
    assert len(set(found)) == 3


def test_what_a_directory_says_of_users_has_a_version_of_its_own(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    first = versions(store)
    directory_users.admit(store, brought("zoe"), "", 0.0, create=True)
    second = versions(store)
    assert second.configuration == first.configuration
    assert second.users != first.users
    directory_users.admit(store, brought("zoe"), "", 1.0, create=True)
    assert versions(store) == second
