"""The user of a request, by the token in its Authorization header."""

from typing import Any

from xucd.center.directory import User
from xucd.web.errors import HttpError
from xucd.web.signin import Users
from xucd.web.tokens import Tokens


class Bearer:
    """Finds the user of a request's token, among the users of the current configuration."""

    def __init__(self, users: Users, tokens: Tokens) -> None:
        self._users = users
        self._tokens = tokens

    def user(self, headers: Any) -> User:
        """The user whose token is in a request's headers (Twisted's `Headers`).

        Raises `HttpError` with `AuthorizationHeaderNotFound`, `BearerNotFound`, `InvalidToken` or
        `TokenExpired`.
        """
        found = headers.getRawHeaders(b"authorization")
        if not found:
            text = "There is no Authorization header."
            raise HttpError(400, "AuthorizationHeaderNotFound", text)
        scheme, _, token = found[-1].decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise HttpError(400, "BearerNotFound", "The Authorization header has no bearer token.")
        return self.owner(token.strip())

    def owner(self, token: str) -> User:
        """The user of a token. Raises `HttpError` with `InvalidToken` or `TokenExpired`."""
        user = self._users.user(self._tokens.login(token))
        if user is None:
            raise HttpError(403, "InvalidToken", "The token is not valid.")
        return user
