"""Signing in by an LDAP server: find the user's entry, then bind as it with what was typed.

    1. bind as the account of the settings, as nobody, or by the template as the user itself
    2. search the base by the filter: one entry, or the user is unknown
    3. search the groups of that entry, if the settings say where
    4. bind as that entry with the password: only this shows whose password it is

Everything here blocks, for the settings' timeout at each step; it runs on a thread. What was typed
is escaped in filters and names. An empty password would bind as nobody, and succeed; it is wrong
before any server is asked, and so is one that cannot be sent. Only what fails for everybody has a
server left out for a while: one user's search or bind must not keep all others out. Referrals are
not followed: they would pass the password on to whichever server they name.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from ldap3 import ANONYMOUS, NONE, SIMPLE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.protocol.sasl.sasl import validate_simple_password
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn

from xucd.config.directories import Ldap
from xucd.signin.errors import DirectoryUnavailable
from xucd.signin.identities import Identity, dn_parts

REST_S: Final = 10.0
"""How long a server that has failed is not asked again, in seconds."""
MAX_GROUPS: Final = 2000

SUCCESS: Final = 0
# Binds that say no to this user, and nothing about the server: no such entry, an entry without a
# password, a wrong password, one that is locked or may not sign in (RFC 4511, 4.1.9).
REFUSED: Final = frozenset({19, 32, 34, 48, 49, 50, 53})

log = structlog.get_logger()


class _ServerFailed(DirectoryUnavailable):
    """The server cannot be asked by anybody."""


class LdapDirectory:
    """Asks the servers of the settings, in their order. `clock` returns seconds that only grow."""

    def __init__(self, settings: Ldap, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._failed: dict[str, float] = {}
        tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=settings.ca_file)
        self._servers = {url: _server(url, tls, settings.timeout) for url in settings.urls}

    def identity(self, login: str, password: str) -> Identity | None:
        """Who somebody is, None if login or password are wrong. Raises `DirectoryUnavailable`."""
        if not login or "\0" in login or not _can_be_sent(password):
            return None
        reasons = []
        for url, server in self._servers.items():
            rested = self._clock() - self._failed.get(url, -REST_S)
            if rested < REST_S:
                reasons.append(f"{url} failed a moment ago")
                continue
            try:
                found = self._ask(server, login, password)
            except (DirectoryUnavailable, LDAPException, OSError) as error:
                # Of an error only its kind and text: neither repeats what was typed.
                log.error("an LDAP server cannot be asked", url=url, reason=_text(error))
                if isinstance(error, _ServerFailed):
                    self._failed[url] = self._clock()
                reasons.append(f"{url}: {_text(error)}")
                continue
            self._failed.pop(url, None)
            return found
        raise DirectoryUnavailable("; ".join(reasons))

    def _ask(self, server: Server, login: str, password: str) -> Identity | None:
        settings = self._settings
        template = settings.bind_template
        if template:
            name = template.replace("{login}", escape_rdn(login) if "=" in template else login)
            account = (name, password)
        else:
            account = (settings.bind_dn, settings.secret)
        with self._bound(server, *account, by_user=bool(template)) as searching:
            if searching is None:
                if template:
                    return None
                raise _ServerFailed("the server refuses ldap.bind_dn or its secret")
            entry = self._entry(searching, login)
            if entry is None:
                return None
            attributes = entry["attributes"]
            known_as = _login(attributes.get(settings.login_attribute), login)
            if not known_as:
                # What was typed is no login: it may be a mail address, or in another case.
                log.error(
                    "an LDAP entry has no login",
                    reason=f"it has no {settings.login_attribute}; correct ldap.login_attribute",
                )
                return None
            groups = self._groups(searching, entry, login)
        with self._bound(server, entry["dn"], password, by_user=True) as own:
            if own is None:
                return None
        return Identity(
            login=known_as,
            method="ldap",
            first_name=_first(attributes.get("givenName")),
            last_name=_first(attributes.get("sn")),
            groups=groups,
        )

    @contextmanager
    def _bound(
        self, server: Server, name: str, password: str, *, by_user: bool
    ) -> Iterator[Connection | None]:
        """A connection that is bound, None where the server refuses the name or the password.

        Raises `DirectoryUnavailable`, of which `_ServerFailed` but for the bind of a user, or
        `LDAPException`.
        """
        connection = Connection(
            server,
            user=name or None,
            password=password or None,
            authentication=SIMPLE if name else ANONYMOUS,
            auto_referrals=False,
            raise_exceptions=False,
            receive_timeout=self._settings.timeout,
            read_only=True,
        )
        try:
            with _failing_for_all():
                connection.open(read_server_info=False)
                if (
                    self._settings.starttls
                    and not server.ssl
                    and not connection.start_tls(read_server_info=False)
                ):
                    raise DirectoryUnavailable("the server does not begin TLS")
            with nullcontext() if by_user else _failing_for_all():
                connection.bind(read_server_info=False)
                result = connection.result["result"]
                if result not in REFUSED | {SUCCESS}:
                    raise DirectoryUnavailable(f"it answers {connection.result['description']}")
            yield connection if result == SUCCESS else None
        finally:
            # Where the connection is broken this fails too, and would hide what has gone before.
            with suppress(LDAPException, OSError):
                connection.unbind()

    def _entry(self, connection: Connection, login: str) -> Any:
        """The user's entry, None if there is none; of several, nobody knows whose login it is."""
        settings = self._settings
        wanted = settings.filter.replace("{login}", escape_filter_chars(login))
        attributes = [settings.login_attribute, settings.groups_attribute, "givenName", "sn"]
        found = _search(connection, settings.base, wanted, attributes, 2)
        if len(found) > 1:
            log.warning("ldap.filter finds several entries for one login")
            return None
        return found[0] if found else None

    def _groups(self, connection: Connection, entry: Any, login: str) -> frozenset[str]:
        """The names of an entry's groups."""
        settings = self._settings
        groups = _values(entry["attributes"].get(settings.groups_attribute))
        if settings.group_base:
            holes = {"{dn}": entry["dn"], "{login}": login}
            wanted = settings.group_filter
            for hole, value in holes.items():
                wanted = wanted.replace(hole, escape_filter_chars(value))
            found = _search(connection, settings.group_base, wanted, [], MAX_GROUPS)
            groups += [group["dn"] for group in found]
        return frozenset(name for dn in groups for name in self._names(dn))

    def _names(self, dn: str) -> Iterator[str]:
        """The names that a group has in grants."""
        yield dn
        parts = dn_parts(dn)
        base = dn_parts(self._settings.group_base)
        # Elsewhere in the tree, somebody else may make a group of the same name.
        if parts and base and len(parts) > len(base) and parts[-len(base) :] == base:
            yield parts[0][1]


@contextmanager
def _failing_for_all() -> Iterator[None]:
    """Raise what fails as `_ServerFailed`."""
    try:
        yield
    except (DirectoryUnavailable, LDAPException, OSError) as error:
        raise _ServerFailed(_text(error)) from None


def _can_be_sent(password: str) -> bool:
    """Whether a password can be one: not empty, and of characters that SASLprep (RFC 4013) has."""
    try:
        return bool(validate_simple_password(password))
    except (LDAPException, ValueError):
        return False


def _server(url: str, tls: Tls, timeout: float) -> Server:
    parts = urlsplit(url)
    secure = parts.scheme == "ldaps"
    return Server(
        parts.hostname,
        port=parts.port or (636 if secure else 389),
        use_ssl=secure,
        tls=tls,
        get_info=NONE,
        connect_timeout=timeout,
    )


def _search(
    connection: Connection, base: str, wanted: str, attributes: list[str], limit: int
) -> list[Any]:
    """The entries that a search finds. Raises `DirectoryUnavailable`."""
    connection.search(base, wanted, SUBTREE, attributes=attributes or None, size_limit=limit)
    result = connection.result["result"]
    too_many = 4
    if result not in (SUCCESS, too_many):
        raise DirectoryUnavailable(f"a search below {base}: {connection.result['description']}")
    return [each for each in connection.response or () if each["type"] == "searchResEntry"]


def _login(values: Any, typed: str) -> str:
    """The login as the directory spells it: attributes match in any case, logins of xucd do not.

    It is "" if the entry has none.
    """
    same = [value for value in _values(values) if value.casefold() == typed.casefold()]
    return same[0] if same else _first(values)


def _values(values: Any) -> list[str]:
    # Without the schema, ldap3 gives every attribute as a list of bytes or text.
    found = values if isinstance(values, list) else [] if values is None else [values]
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in found]


def _first(values: Any) -> str:
    return next(iter(_values(values)), "")


def _text(error: Exception) -> str:
    if isinstance(error, DirectoryUnavailable):
        return str(error)[:300]
    return f"{type(error).__name__}: {error}"[:300]
