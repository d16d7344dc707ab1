"""Letting in whom a directory (OpenID Connect, LDAP) has signed in, with what its groups give."""

import re
import time
from collections.abc import Callable, Mapping

import msgspec

from xucd.app.users import ConfiguredUsers
from xucd.center.directory import Directory, User
from xucd.center.grammar import name_of
from xucd.config import validation
from xucd.config.directories import Ldap, Oidc
from xucd.signin.errors import SignInRefused
from xucd.signin.identities import Identity, granted, members_grants, remaining
from xucd.store import AsyncStore, Store, directory_users
from xucd.store.directory_users import DirectoryUser
from xucd.store.repository import Granted

MAX_LOGIN, MAX_NAME = 64, 100


class Admission:
    """Finds or makes the users of identities. `changed` is called with one who is another now."""

    def __init__(
        self,
        store: AsyncStore,
        users: ConfiguredUsers,
        settings: Mapping[str, Oidc | Ldap],
        changed: Callable[[User], None],
    ) -> None:
        self._store = store
        self._users = users
        self._settings = settings
        self._changed = changed

    async def admit(self, identity: Identity, address: str) -> User:
        """The user of an identity, with what its groups give now, written down and audited.

        Raises `SignInRefused` with `UserUnknown`, or `StoreError`.
        """
        settings = self._settings[identity.method]
        login = identity.login
        named = len(login) <= MAX_LOGIN and re.match(validation.LOGIN, login) is not None
        if not named:
            raise _unknown()
        grants = members_grants(identity, settings.grants)
        known, changed = await self._store.run(
            directory_users.admit,
            DirectoryUser(
                login=login,
                first_name=_name(identity.first_name),
                last_name=_name(identity.last_name) or login,
                origin=identity.method,
                granted=msgspec.structs.replace(granted(grants), by=identity.method)
                if settings.grants
                else None,
                is_member=not settings.grants or bool(grants),
            ),
            address,
            time.time(),
            create=settings.create,
        )
        # Two may sign in at once as somebody new: only one of them finds a change.
        if changed or (known and self._users.user(login) is None):
            stored = (await self._store.run(Store.directory)).user_by_login.get(login)
            if stored is not None:
                self._changed(stored)
        user = self._users.user(login)
        # Known to the database only: the daemon has not read the configuration again.
        if not known or user is None:
            raise _unknown()
        return user


def still_granted(oidc: Oidc, ldap: Ldap) -> Callable[[str, Granted], Granted | None]:
    """What is left of what groups gave, by the method of the sign-in: see `directory_users.revise`.

    A directory that is off grants nothing. Where the method is not known, either may have.
    """
    grants = {
        "oidc": oidc.grants if oidc.issuer else (),
        "ldap": ldap.grants if ldap.urls else (),
    }
    of_all = (*grants["oidc"], *grants["ldap"])
    return lambda method, given: remaining(given, grants.get(method, of_all))


def with_user(directory: Directory, user: User) -> Directory:
    """A configuration with one user who is new, or to whom a directory's groups give otherwise."""
    known = directory.users.get(user.id)
    if known is not None:
        # Line and agent are the configuration's, which may be older than the database.
        user = msgspec.structs.replace(user, line_id=known.line_id, agent_id=known.agent_id)
    return Directory(
        groups=directory.groups.values(),
        queues=directory.queues.values(),
        lines=directory.lines.values(),
        agents=directory.agents.values(),
        users={**directory.users, user.id: user}.values(),
    )


def _name(text: str) -> str:
    return str(name_of(re.sub("[,{}]", " ", text)))[:MAX_NAME].strip()


def _unknown() -> SignInRefused:
    text = "The sign-in server knows you, but you are no user of xucd; ask its administrator."
    return SignInRefused("UserUnknown", text)
