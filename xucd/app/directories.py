"""The user directories of the settings, ready to sign users in.

What each needs is imported only where it is set: a sixth of the time that a start takes.
"""

import time
from typing import TYPE_CHECKING

from xucd.app.users import SignInRecords
from xucd.config.settings import Settings
from xucd.signin.checking import Admit, PasswordDirectory

if TYPE_CHECKING:
    from xucd.web.oidc_routes import OidcParts


def ldap(settings: Settings) -> PasswordDirectory | None:
    """The LDAP server, if one is set."""
    if not settings.ldap.urls:
        return None
    from xucd.signin.ldap import LdapDirectory  # noqa: PLC0415

    return LdapDirectory(settings.ldap)


def oidc(
    settings: Settings, secret: bytes, sign_ins: SignInRecords, admit: Admit
) -> "OidcParts | None":
    """The provider of OpenID Connect, if one is set. `secret` is that of the tokens."""
    if settings.oidc.issuer is None or settings.web.public_url is None:
        return None
    from xucd.signin.oidc.fetching import Fetching  # noqa: PLC0415
    from xucd.signin.oidc.flow import Flow  # noqa: PLC0415
    from xucd.signin.oidc.provider import Provider  # noqa: PLC0415
    from xucd.web.oidc_routes import OidcParts, ProviderRecords  # noqa: PLC0415

    fetching = Fetching(settings.oidc.ca_file, settings.oidc.timeout)
    provider = Provider(settings.oidc, fetching, time.monotonic)
    return OidcParts(
        name=settings.oidc.name,
        flow=Flow(settings.oidc, provider, settings.web.public_url, secret, time.time),
        admit=admit,
        records=ProviderRecords(sign_ins.began_by_provider, sign_ins.sign_ins_of_provider),
        clock=time.time,
    )
