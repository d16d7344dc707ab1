"""Changing one's own password: the present one is asked for, and all other sign-ins end.

    POST /xuc/api/2.0/auth/password  {"password": PRESENT, "newPassword": NEXT}
    <- {"login": …, "token": …, "TTL": …}, a token of the same sign-in

The present password is checked as at a sign-in, with the same bounds: whoever finds a page open, or
a token, cannot guess faster there than at the door. The sign-in that asks goes on, with its links;
tokens that it had before end with all other sign-ins, at once.
"""

import asyncio

import msgspec

from xucd.center.audit import Kind
from xucd.cti.links import Links
from xucd.cti.sign_in import SignInKey
from xucd.signin import passwords
from xucd.signin.audited import PasswordSignIn
from xucd.signin.errors import SignInRefused
from xucd.signin.revocations import Revocations
from xucd.signin.tokens import Claims, Tokens, invalid_token
from xucd.web.bearer import SignedIn
from xucd.web.errors import HttpError


class _Change(msgspec.Struct, rename="camel"):
    password: str
    new_password: str


class OwnPasswords:
    """Changes passwords of those who have signed in. Hashes one at a time."""

    def __init__(
        self, signin: PasswordSignIn, tokens: Tokens, revocations: Revocations, links: Links
    ) -> None:
        self._signin = signin
        self._tokens = tokens
        self._revocations = revocations
        self._links = links
        self._hashing = asyncio.Lock()

    async def change(self, signed_in: SignedIn, body: bytes, address: str) -> Claims:
        """Change the password as a body says; returns the claims of the sign-in's next token.

        Raises `StoreError`, or `HttpError` with `InvalidJson`, `PasswordTooShort`,
        `PasswordUnchanged`, `NoOwnPassword`, `WrongPassword`, `TooManyRequests`, or with
        `InvalidToken` where the sign-in has ended meanwhile.
        """
        asked = _decoded(body)
        user, claims = signed_in.user, signed_in.claims
        if not await self._signin.has_password(user.login):
            text = "The user signs in elsewhere, and has no password of xucd's."
            raise HttpError(409, "NoOwnPassword", text)
        try:
            shown = await self._signin.authenticate(
                user.login, asked.password, address, Kind.SET_PASSWORD
            )
        except SignInRefused as error:
            if error.code != "InvalidCredentials":
                raise
            # Not 401: it is the password that is wrong, and not the token.
            raise _wrong() from None
        if shown.method != "password":  # an LDAP server's, which xucd does not change
            raise _wrong()
        async with self._hashing:
            password_hash = await asyncio.to_thread(passwords.hash_password, asked.new_password)

        def goes_on(key: SignInKey) -> None:
            self._links.rename_sign_in(claims.key, key)

        key = await self._revocations.change_password(
            user.login, password_hash, claims.key, goes_on
        )
        if key is None:
            raise invalid_token()
        return self._tokens.renewed(msgspec.structs.replace(claims, generation=key.generation))


def _wrong() -> HttpError:
    return HttpError(403, "WrongPassword", "The present password is wrong.")


def _decoded(body: bytes) -> _Change:
    """What is asked for, if it could be done. Raises `HttpError`."""
    try:
        asked = msgspec.json.decode(body, type=_Change)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        text = "The body is not a JSON object with password and newPassword."
        raise HttpError(400, "InvalidJson", text) from None
    if len(asked.new_password) < passwords.MIN_LENGTH:
        text = f"A password needs at least {passwords.MIN_LENGTH} characters."
        raise HttpError(422, "PasswordTooShort", text)
    if asked.new_password == asked.password:
        raise HttpError(422, "PasswordUnchanged", "The new password is the present one.")
    return asked
