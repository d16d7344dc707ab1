"""Who a user directory says that somebody is, and what its groups give in xucd.

A user directory is a provider of OpenID Connect, or an LDAP server. A grant of the settings names
one of its groups, and what its members get: a profile, rights, and the queues and groups that a
supervisor sees. With grants, the profile and the rights of whoever signs in by the directory are
those of its groups alone, so that who leaves a group has lost them at the next sign-in. The queues
and groups that the centre's file lets a user see stay, and those of grants come to them. Without
any grants, the centre's file decides alone.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from xucd.center.directory import Profile
from xucd.config.directories import GrantSettings
from xucd.store.repository import Granted

Method = Literal["password", "oidc", "ldap"]
"""How somebody signs in."""

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
    groups: Iterable[str], grants: Iterable[GrantSettings]
) -> tuple[GrantSettings, ...]:
    """The grants that name one of somebody's groups, in any case."""
    known = {group.casefold() for group in groups}
    return tuple(grant for grant in grants if grant.group.casefold() in known)


def granted(grants: Iterable[GrantSettings]) -> Granted:
    """What grants give together."""
    found = tuple(grants)
    return Granted(
        profile=max((grant.profile for grant in found), key=RANK.__getitem__, default=None),
        rights=tuple(dict.fromkeys(right for grant in found for right in grant.rights)),
        queues=tuple(dict.fromkeys(queue for grant in found for queue in grant.queues)),
        groups=tuple(dict.fromkeys(group for grant in found for group in grant.groups)),
    )
