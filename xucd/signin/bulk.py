"""Passwords of many users at once: which have to be set anew, and new ones for who has none."""

import secrets
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from xucd.signin import passwords

WORKERS = 2
# Without letters and digits that are taken for each other when they are read aloud or on paper.
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 14
"""Characters of a generated password: some 80 bits."""


def generated() -> str:
    """A password that nobody guesses, and that can be typed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def new_hashes(wanted: Mapping[str, str], present: Mapping[str, str | None]) -> dict[str, str]:
    """The hashes of passwords that are not a user's already, by login.

    So the same file can be imported again, and signs nobody out. It takes some 0.03 s of a core for
    each: do not call it on the event loop.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        found = pool.map(lambda item: _new_hash(item[1], present.get(item[0])), wanted.items())
        hashes = dict(zip(wanted, found, strict=True))
    return {login: password_hash for login, password_hash in hashes.items() if password_hash}


def without_password(
    logins: Iterable[str], wanted: Mapping[str, str], present: Mapping[str, str | None]
) -> list[str]:
    """Who would have no password, neither a wanted one nor the present one."""
    return [login for login in logins if login not in wanted and present.get(login) is None]


def _new_hash(password: str, kept: str | None) -> str | None:
    if kept is not None and passwords.verify(kept, password):
        return None
    return passwords.hash_password(password)
