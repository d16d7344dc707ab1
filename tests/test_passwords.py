"""Passwords: only the right one opens, and an unknown login costs as much as a known one."""

import asyncio
import os

import argon2
import pytest
from structlog.testing import capture_logs

from xucd.center.directory import User
from xucd.signin import passwords
from xucd.signin.checking import PasswordChecks
from xucd.store import StoreUnavailable


def test_only_the_right_password_opens() -> None:
    kept = passwords.hash_password("bruce-demo")
    assert kept.startswith("$argon2id$")
    assert passwords.verify(kept, "bruce-demo")
    assert not passwords.verify(kept, "bruce-dem0")
    assert not passwords.verify(kept, "")


def test_a_login_that_does_not_exist_costs_the_same_work() -> None:
    assert not passwords.verify(None, "bruce-demo")
    known = argon2.extract_parameters(passwords.hash_password("bruce-demo"))
    assert argon2.extract_parameters(passwords.UNKNOWN) == known


def test_a_hash_of_another_cost_opens_and_is_to_be_renewed() -> None:
    before = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
    kept = before.hash("bruce-demo")
    assert passwords.verify(kept, "bruce-demo")
    assert passwords.is_outdated(kept)
    assert not passwords.is_outdated(passwords.hash_password("bruce-demo"))
    assert not passwords.is_outdated(passwords.UNKNOWN)


class Users:
    """One user, whose hash is of an older xucd; `renewed` gets what is to replace it."""

    def __init__(self) -> None:
        self.kept = argon2.PasswordHasher(1, 8192, 1).hash("bruce-demo")
        self.renewed: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()

    def user(self, login: str) -> User | None:
        return User(id=1, login=login, first_name="", last_name="")

    async def password_hash(self, login: str) -> str | None:
        return self.kept

    async def renew_hash(self, login: str, before: str, after: str) -> None:
        self.renewed.put_nowait((login, before, after))
        raise StoreUnavailable("the disk is full")


async def test_a_sign_in_renews_an_old_hash_behind_the_answer() -> None:
    users = Users()
    checks = PasswordChecks(users, passwords.verify)
    assert await checks.check("bruce", "wrong", "192.0.2.1") is None
    assert await checks.check("bruce", "bruce-demo", "192.0.2.1") is not None
    async with asyncio.timeout(30):
        login, before, after = await users.renewed.get()
    assert (login, before) == ("bruce", users.kept)
    assert passwords.verify(after, "bruce-demo")
    assert not passwords.is_outdated(after)
    assert users.renewed.empty()
    checks.close()


def test_that_passwords_cannot_be_hashed_behind_the_event_loop_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refused)
    with capture_logs() as entries:
        passwords.yield_to_others()
    assert [(entry["log_level"], entry["reason"]) for entry in entries] == [
        ("warning", "Operation not permitted")
    ]
