"""Who a user directory says that somebody is, and what its groups give in xucd.

A user directory is a provider of OpenID Connect, or an LDAP server. A grant of the settings names
one of its groups, and what its members get: a profile, rights, and the queues and groups that a
supervisor sees. With grants, the profile and the rights of whoever signs in by the directory are
those of its groups alone, so that who leaves a group has lost them at the next sign-in. The queues
and groups that the centre's file lets a user see stay, and those of grants come to them. Without
any grants, the centre's file decides alone.
"""

import re
import string
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from xucd.center.directory import Profile
from xucd.config.directories import GrantSettings
from xucd.store.repository import Granted

Method = Literal["password", "oidc", "ldap"]
"""How somebody signs in."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

RANK: dict[Profile | None, int] = {None: 0, "Supervisor": 1, "Admin": 2}
"""Of several grants' profiles the highest one counts."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has shown a directory who it is. `groups` are named as the directory does."""

    login: str
    method: Method
    first_name: str = ""
    last_name: str = ""
    groups: frozenset[str] = frozenset()


def members_grants(
    identity: Identity, grants: Iterable[GrantSettings]
) -> tuple[GrantSettings, ...]:
    """The grants that name one of somebody's groups.

    A provider's names are taken as they are. An LDAP server's are the same in any case, of ASCII
    alone: of other letters, some are another group's once their case is gone.
    """
    key: Callable[[str], str] = folded_dn if identity.method == "ldap" else str
    known = {key(group) for group in identity.groups}
    return tuple(grant for grant in grants if key(grant.group) in known)


def folded_dn(name: str) -> str:
    """A group's DN, or its own name, in a form in which equal ones are equal."""
    parts = dn_parts(name)
    if not parts:
        return name.translate(_LOWER)
    return "\0".join(f"{kind}={value}{separator}" for kind, value, separator in parts)


def dn_parts(dn: str) -> list[tuple[str, str, str]]:
    """Kind, value and separator of a DN's parts, as `folded_dn` compares them; empty if it is none.

    Escapes are resolved, and spaces behind separators are gone.
    """
    from ldap3.core.exceptions import LDAPException  # noqa: PLC0415  # only LDAP's names need it
    from ldap3.utils.dn import parse_dn  # noqa: PLC0415

    try:
        found = parse_dn(re.sub(r"(?<!\\)([,+]) +", r"\1", dn))
    except LDAPException:
        return []
    return [(kind.translate(_LOWER), _value(value), mark) for kind, value, mark in found]


def _value(escaped: str) -> str:
    """An attribute's value without its escapes (RFC 4514)."""
    plain = re.sub(
        rb"\\([0-9a-fA-F]{2}|.)",
        lambda found: bytes.fromhex(found[1].decode()) if len(found[1]) == 2 else found[1],
        escaped.encode(),
        flags=re.DOTALL,
    )
    return plain.decode("utf-8", "replace").translate(_LOWER)


def granted(grants: Iterable[GrantSettings]) -> Granted:
    """What grants give together."""
    found = tuple(grants)
    return Granted(
        profile=max((grant.profile for grant in found), key=RANK.__getitem__, default=None),
        rights=tuple(dict.fromkeys(right for grant in found for right in grant.rights)),
        queues=tuple(dict.fromkeys(queue for grant in found for queue in grant.queues)),
        groups=tuple(dict.fromkeys(group for grant in found for group in grant.groups)),
    )


def remaining(given: Granted, grants: Iterable[GrantSettings]) -> Granted | None:
    """What is left of what was given once there are these grants; None without any."""
    found = tuple(grants)
    if not found:
        return None
    most = granted(found)
    return msgspec.structs.replace(
        given,
        profile=given.profile if given.profile in {grant.profile for grant in found} else None,
        rights=tuple(right for right in given.rights if right in most.rights),
        queues=tuple(queue for queue in given.queues if queue in most.queues),
        groups=tuple(group for group in given.groups if group in most.groups),
    )
