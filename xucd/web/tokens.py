"""Tokens: signed JWTs (HS256) that name a login, until they expire.

They consist of ``[A-Za-z0-9._-]``: pages put them into URLs as they are. xucd stores none, so a new
token revokes no other.
"""

import math
import secrets
from collections.abc import Callable

import jwt

from xucd.web.errors import HttpError

MIN_SECRET = 32


class Tokens:
    """Makes and verifies tokens. `ttl` is in seconds; `clock` returns epoch seconds.

    Raises ValueError for a secret of fewer than 32 bytes.
    """

    def __init__(self, secret: bytes, ttl: int, clock: Callable[[], float]) -> None:
        if len(secret) < MIN_SECRET:
            raise ValueError(f"the token secret has fewer than {MIN_SECRET} bytes")
        self.ttl = ttl
        self._secret = secret
        self._clock = clock

    def make(self, login: str) -> str:
        """A new token; each is unique."""
        claims = {
            "sub": login,
            # Rounded up: a token is never valid for less than its TTL.
            "exp": math.ceil(self._clock()) + self.ttl,
            "jti": secrets.token_urlsafe(9),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def login(self, token: str) -> str:
        """The login of a token. Raises `HttpError` with `InvalidToken` or `TokenExpired`."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                # Checked by `clock`, below.
                options={"verify_exp": False, "require": ["sub", "exp"]},
            )
            expires = int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError):
            raise HttpError(403, "InvalidToken", "The token is not valid.") from None
        if self._clock() >= expires:
            raise HttpError(403, "TokenExpired", "The token has expired.")
        return str(claims["sub"])
