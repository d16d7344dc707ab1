"""Signing in, with a count of the failures in the audit trail."""

from typing import Protocol

from xucd.center.audit import Actor, AuditEntry, Kind
from xucd.center.directory import User
from xucd.signin.checking import Authenticated, Users
from xucd.signin.errors import SignInRefused
from xucd.signin.identities import Method
from xucd.signin.places import bucket
from xucd.store.audit_trail import AuditTrail


class PasswordSignIn(Protocol):
    """`xucd.signin.attempts.SignIn`, as the routes use it."""

    async def authenticate(
        self, login: str, password: str, address: str, kind: Kind = Kind.SIGN_IN
    ) -> Authenticated:
        """Who shows by a password who it is, and how. Raises `SignInRefused`.

        `kind` is what it is shown for, as the audit trail counts a failure.
        """

    async def has_password(self, login: str) -> bool:
        """Whether a user has a password of its own. Raises `StoreError`."""

    def remember(self, user: User, address: str) -> None:
        """Remember that a user has shown at this address who it is."""

    def close(self) -> None:
        """Release what it holds."""


class AuditedSignIn:
    """Signs in by `signin`, and tells the trail who failed; a success is told once it has an id.

    `method` is the one by which a password is tried last, and so what it failed by.
    """

    def __init__(
        self, signin: PasswordSignIn, users: Users, trail: AuditTrail, method: Method
    ) -> None:
        self._signin = signin
        self._users = users
        self._trail = trail
        self._method = method

    async def authenticate(
        self, login: str, password: str, address: str, kind: Kind = Kind.SIGN_IN
    ) -> Authenticated:
        """Who it is, as `signin` finds it."""
        try:
            return await self._signin.authenticate(login, password, address)
        except SignInRefused as error:
            # A login that nobody has may be a password that was typed into the wrong field.
            known = self._users.user(login)
            actor = Actor(known.login, known.id, address) if known else Actor("", None, address)
            at = self._trail.now()
            failure = AuditEntry(
                at=at,
                actor=actor,
                kind=kind,
                detail={"method": self._method},
                outcome=error.code,
            )
            self._trail.count(failure, bucket(address))
            raise

    async def has_password(self, login: str) -> bool:
        """Whether a user has a password of its own."""
        return await self._signin.has_password(login)

    def remember(self, user: User, address: str) -> None:
        """Remember that a user has shown at this address who it is."""
        self._signin.remember(user, address)

    def close(self) -> None:
        """Release what signing in holds."""
        self._signin.close()
