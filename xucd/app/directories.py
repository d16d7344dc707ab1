"""The user directories of the settings, ready to sign users in."""

import time

from xucd.app.users import SignInRecords
from xucd.config.settings import Settings
from xucd.signin.checking import Admit, PasswordDirectory
from xucd.signin.ldap import LdapDirectory
from xucd.signin.oidc.fetching import Fetching
from xucd.signin.oidc.flow import Flow
from xucd.signin.oidc.provider import Provider
from xucd.web.oidc_routes import OidcParts, ProviderRecords


def ldap(settings: Settings) -> PasswordDirectory | None:
    """The LDAP server, if one is set."""
    if not settings.ldap.urls:
        return None
    return LdapDirectory(settings.ldap)


def oidc(
    settings: Settings, secret: bytes, sign_ins: SignInRecords, admit: Admit
) -> OidcParts | None:
    """The provider of OpenID Connect, if one is set. `secret` is that of the tokens."""
    if settings.oidc.issuer is None or settings.web.public_url is None:
        return None
    fetching = Fetching(settings.oidc.ca_file, settings.oidc.timeout)
    provider = Provider(settings.oidc, fetching, time.monotonic)
    return OidcParts(
        name=settings.oidc.name,
        flow=Flow(settings.oidc, provider, settings.web.public_url, secret, time.time),
        admit=admit,
        records=ProviderRecords(sign_ins.began_by_provider, sign_ins.sign_ins_of_provider),
        clock=time.time,
    )
