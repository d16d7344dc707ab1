"""Tokens: signed JWTs (HS256), each of one sign-in of a user, good until they expire.

A sign-in begins with a password. It has an id (`sid`), which the tokens that it is renewed by keep,
and an end of its own, which none of them outlives. It also has the user's generation of the moment:
a new one, given at a change of the password, ends all sign-ins before. What has ended before its
time is known to `xucd.signin.revocations`.

Tokens consist of ``[A-Za-z0-9._-]``: pages put them into URLs as they are. xucd stores none, so a
new token revokes no other.
"""

import math
import secrets
from collections.abc import Callable

import jwt
import msgspec

from xucd.cti.sign_in import SignInKey
from xucd.signin.errors import SignInRefused

MIN_SECRET = 32


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: of which sign-in it is, and until when it is good, in epoch seconds.

    `end` is the end of the sign-in.
    """

    login: str = msgspec.field(name="sub")
    sid: str
    generation: str = msgspec.field(name="gen")
    end: int
    expires: int = msgspec.field(name="exp")

    @property
    def key(self) -> SignInKey:
        """What the sign-in is known by."""
        return SignInKey(self.sid, self.generation)


class Tokens:
    """Makes and verifies tokens. `clock` returns epoch seconds.

    `ttl` is how long a token is good, and `session_ttl` how long a sign-in lasts, in seconds.
    Raises ValueError for a secret of fewer than 32 bytes.
    """

    def __init__(
        self, secret: bytes, ttl: int, session_ttl: int, clock: Callable[[], float]
    ) -> None:
        if len(secret) < MIN_SECRET:
            raise ValueError(f"the token secret has fewer than {MIN_SECRET} bytes")
        self._ttl = ttl
        self._session_ttl = session_ttl
        self._secret = secret
        self._clock = clock

    def begin(self, login: str, generation: str) -> Claims:
        """The claims of a new sign-in's first token."""
        end = self._now() + self._session_ttl
        return self.renewed(
            Claims(
                login=login,
                sid=secrets.token_urlsafe(12),
                generation=generation,
                end=end,
                expires=end,
            )
        )

    def renewed(self, claims: Claims) -> Claims:
        """The claims of a new token of the same sign-in."""
        return msgspec.structs.replace(claims, expires=min(self._now() + self._ttl, claims.end))

    def ttl(self, claims: Claims) -> int:
        """For how many seconds from now a token is good, at least 1."""
        return max(1, claims.expires - self._now())

    def sign(self, claims: Claims) -> str:
        """A token that says this; each is unique."""
        said = {**msgspec.to_builtins(claims), "jti": secrets.token_urlsafe(9)}
        return jwt.encode(said, self._secret, algorithm="HS256")

    def read(self, token: str) -> Claims:
        """What a token says, also one whose time is up.

        Raises `SignInRefused` with `InvalidToken`.
        """
        try:
            said = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                # Checked by `clock`, below.
                options={"verify_exp": False, "require": ["sub", "exp"]},
            )
            claims = msgspec.convert(said, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError):
            raise invalid_token() from None
        return claims

    def check_time(self, claims: Claims) -> None:
        """Raise `SignInRefused` with `TokenExpired` when a token's time is up."""
        if self._clock() >= claims.expires:
            raise SignInRefused("TokenExpired", "The token has expired.")

    def is_over(self, claims: Claims) -> bool:
        """Whether the time of the sign-in is up."""
        return self._clock() >= claims.end

    def _now(self) -> int:
        # Rounded up: a token is never good for less than its TTL.
        return math.ceil(self._clock())


def invalid_token() -> SignInRefused:
    """The refusal of a token that xucd did not make, or that is of a sign-in that has ended."""
    return SignInRefused("InvalidToken", "The token is not valid.")
