"""The user of a request, by the token in its Authorization header."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from xucd.center.directory import User
from xucd.cti.sign_in import SignInKey
from xucd.signin.checking import Users
from xucd.signin.revocations import Revocations
from xucd.signin.tokens import Claims, Tokens, invalid_token
from xucd.web.errors import HttpError


class SignedIn(msgspec.Struct, frozen=True):
    """A user who has signed in, and what the token says of it."""

    user: User
    claims: Claims

    @property
    def key(self) -> SignInKey:
        """What the sign-in is known by."""
        return self.claims.key


class Bearer:
    """Finds the user of a request's token, among the users of the current configuration.

    A token whose sign-in has ended is not valid. All methods raise `SignInRefused` with
    `InvalidToken` or `TokenExpired`; those that take headers (Twisted's `Headers`) also `HttpError`
    with `AuthorizationHeaderNotFound` or `BearerNotFound`.

    `catch_up` takes over users whom another node has let in.
    """

    def __init__(
        self,
        users: Users,
        tokens: Tokens,
        revocations: Revocations,
        catch_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._revocations = revocations
        self._catch_up = catch_up

    async def signed_in(self, headers: Any) -> SignedIn:
        """Who has signed in for the token in a request's headers, as the database knows it."""
        return await self.owner(token_in(headers))

    async def owner(self, token: str) -> SignedIn:
        """Who has signed in for a token, as the database knows it."""
        claims = self._tokens.read(token)
        # First: what has merely expired, its client may replace by signing in again.
        signed_in = await self.owner_of(claims)
        self._tokens.check_time(claims)
        return signed_in

    async def owner_of(self, claims: Claims) -> SignedIn:
        """Who has signed in for a token that says this, as the database knows it."""
        await self._revocations.refresh()
        login = claims.login
        is_new = self._users.user(login) is None and self._revocations.generation(login) is not None
        if is_new and self._catch_up is not None:
            await self._catch_up()
        return self.known(claims)

    def lasts(self, claims: Claims) -> bool:
        """Whether a token's sign-in goes on unless it was ended by itself."""
        of_present = self._revocations.generation(claims.login) == claims.generation
        return of_present and not self._tokens.is_over(claims)

    def of(self, claims: Claims) -> User | None:
        """The user whom a token is of, whether or not its sign-in has ended."""
        return self._users.user(claims.login)

    def known(self, claims: Claims) -> SignedIn:
        """Who has signed in, as far as is known."""
        user = self._users.user(claims.login)
        if user is None or self._revocations.has_ended(claims.login, claims.key):
            raise invalid_token()
        return SignedIn(user, claims)


def token_in(headers: Any) -> str:
    """The token in a request's headers (Twisted's `Headers`).

    Raises `HttpError` with `AuthorizationHeaderNotFound` or `BearerNotFound`.
    """
    found = headers.getRawHeaders(b"authorization")
    if not found:
        text = "There is no Authorization header."
        raise HttpError(400, "AuthorizationHeaderNotFound", text)
    header: str = found[-1].decode("latin-1")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise HttpError(400, "BearerNotFound", "The Authorization header has no bearer token.")
    return token.strip()
