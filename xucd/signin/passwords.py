"""Password hashes (argon2). Verifying costs the same for a login that does not exist."""

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

MIN_LENGTH = 8
# Explicit, because the hash below has to cost the same.
HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# The hash of a random password.
UNKNOWN = (
    "$argon2id$v=19$m=65536,t=3,p=4$1RXdz5xb6BPkI0qd6XyZWQ$cG49BsOMaAca71yc"
    "Aef0gt0D7q8NEafvMGP+vRI7kI4"
)


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
