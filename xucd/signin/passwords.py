"""Password hashes (argon2id). Verifying costs the same for a login that does not exist.

What a hash costs is `docs/adr/0020-what-a-password-hash-costs.md`'s to say. A hash of another cost,
made by an older xucd, goes on to open, and is replaced as its user signs in: `is_outdated`.
"""

import os
import threading

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

log = structlog.get_logger()

MIN_LENGTH = 8
# Explicit, because the hash below has to cost the same. Memory is in KiB.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# The hash of a random password.
UNKNOWN = (
    "$argon2id$v=19$m=19456,t=2,p=1$wsAAt2P3tqBWIQm39zdqgg$tXU28Ld"
    "5mdf7Hh6DWl9RSWq9jcwE2OMqOskxk3qcRAQ"
)
YIELDS = 10
"""How much later than others a thread that hashes is served by the machine: its niceness."""


def hash_password(password: str) -> str:
    """Hash a password. It is slow by design: do not call it on the event loop."""
    return HASHER.hash(password)


def verify(kept: str | None, password: str) -> bool:
    """Whether `password` is that of the hash `kept`.

    `kept` is None for a login that does not exist or has no password yet: the result is False and
    takes the same time. Raises `argon2.exceptions.InvalidHashError` for a malformed hash.
    """
    try:
        matches = HASHER.verify(kept or UNKNOWN, password)
    except VerifyMismatchError:
        return False
    return matches and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a hash costs another amount of work than those that are made now."""
    try:
        return HASHER.check_needs_rehash(kept)
    except InvalidHashError:
        return False


def yield_to_others() -> None:
    """Let this thread hash with what processor time others leave: the event loop comes first."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), YIELDS)
    except OSError as error:  # Linux alone has a niceness for each thread, and a filter may refuse
        log.warning("passwords are not hashed behind the event loop", reason=error.strerror)
