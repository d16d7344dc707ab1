"""Passwords: only the right one opens, and an unknown login costs as much as a known one."""

import argon2

from xucd.signin import passwords


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
