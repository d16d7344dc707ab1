"""The settings of user directories: a provider of OpenID Connect, and an LDAP server."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from xucd.center.directory import Profile
from xucd.config import validation
from xucd.config.entries import Right
from xucd.config.section import Section
from xucd.config.validation import ConfigValueError

CERTIFICATE = re.compile(b"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


class GrantSettings(Section, frozen=True, kw_only=True):
    """What a directory's group gives. `queues` and `groups` are names of the centre's."""

    group: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)]
    profile: Profile | None = None
    rights: tuple[Right, ...] = ()
    queues: tuple[Annotated[str, Meta(pattern=validation.TEXT)], ...] = ()
    groups: tuple[Annotated[str, Meta(pattern=validation.TEXT)], ...] = ()


class Oidc(Section, frozen=True, kw_only=True):
    """Sign-in by a provider of OpenID Connect, which is on with an `issuer`.

    `name` is on the button. `login_claim` is the claim with the login of xucd, and `groups_claim`
    that with the groups; a dot leads into an object (``realm_access.roles``). With `create`, anyone
    whom the provider signs in becomes a user. `timeout` is in seconds, of one request to it.
    """

    issuer: Annotated[str, Meta(pattern=validation.PROVIDER)] | None = None
    client_id: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "xucd"
    secret: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    secret_file: str | None = None
    name: Annotated[str, Meta(pattern=validation.LONG_NAME, min_length=1, max_length=40)] = "SSO"
    scopes: tuple[Annotated[str, Meta(pattern=validation.SCOPE)], ...] = ("openid", "profile")
    login_claim: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "preferred_username"
    groups_claim: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "groups"
    create: bool = False
    ca_file: Annotated[str, Meta(pattern=validation.FILE)] | None = None
    timeout: Annotated[float, Meta(gt=0, le=60)] = 5.0
    grants: tuple[GrantSettings, ...] = ()


class Ldap(Section, frozen=True, kw_only=True):
    """Sign-in by an LDAP server, which is on with `urls`; the first one that answers is asked.

    `filter` finds a user's entry below `base`, `{login}` in it is what was typed. That is done by
    the account `bind_dn` with its `secret`, without one anonymously, or with `bind_template` by the
    user itself. Groups are those in the attribute `groups_attribute`, and those that `group_filter`
    finds below `group_base`, where `{dn}` is the user's entry. A group is named by its DN, and one
    below `group_base` by its own name, too. `timeout` is in seconds, of one step.
    """

    urls: tuple[Annotated[str, Meta(pattern=validation.LDAP_URL)], ...] = ()
    starttls: bool = True
    ca_file: Annotated[str, Meta(pattern=validation.FILE)] | None = None
    bind_dn: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    secret: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    secret_file: str | None = None
    bind_template: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    base: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    filter: Annotated[str, Meta(pattern=validation.TEXT)] = "(uid={login})"
    login_attribute: Annotated[str, Meta(pattern=validation.ATTRIBUTE)] = "uid"
    groups_attribute: Annotated[str, Meta(pattern=validation.ATTRIBUTE)] = "memberOf"
    group_base: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    group_filter: Annotated[str, Meta(pattern=validation.TEXT)] = "(member={dn})"
    create: bool = False
    timeout: Annotated[int, Meta(ge=1, le=60)] = 5
    grants: tuple[GrantSettings, ...] = ()


def check_oidc(oidc: Oidc, public_url: str | None) -> None:
    """Check what types cannot express. Raises `ConfigValueError`."""
    if oidc.issuer is None:
        return
    if public_url is None:
        raise ConfigValueError(
            ("web", "public_url"),
            "is missing; sign-in by OpenID Connect needs it, such as https://xucd.example.org",
        )
    for path, url in ((("oidc", "issuer"), oidc.issuer), (("web", "public_url"), public_url)):
        parts = urlsplit(url)
        if parts.scheme != "https" and not loopback(parts.hostname or ""):
            raise ConfigValueError(
                path, f"is {validation.quoted(url)}, which is not encrypted: use https"
            )
        if parts.query or parts.fragment:
            raise ConfigValueError(path, "has a query or a fragment; leave it out")
    if "openid" not in oidc.scopes:
        raise ConfigValueError(("oidc", "scopes"), "has to hold openid")


def check_ldap(ldap: Ldap) -> None:
    """Check what types cannot express. Raises `ConfigValueError`."""
    if not ldap.urls:
        return
    for index, url in enumerate(ldap.urls):
        parts = urlsplit(url)
        if parts.scheme == "ldap" and not ldap.starttls and not loopback(parts.hostname or ""):
            raise ConfigValueError(
                ("ldap", "urls", index),
                f"is {validation.quoted(url)} without starttls: passwords would cross the network "
                "in clear text",
            )
    if not ldap.base:
        raise ConfigValueError(
            ("ldap", "base"), "is missing; write it as ou=people,dc=example,dc=org"
        )
    for key, text, hole in (
        ("filter", ldap.filter, "{login}"),
        ("bind_template", ldap.bind_template or "{login}", "{login}"),
    ):
        if hole not in text:
            raise ConfigValueError(("ldap", key), f"has no {hole} in it")
    if ldap.bind_template and ldap.bind_dn:
        raise ConfigValueError(
            ("ldap", "bind_template"), "is given beside ldap.bind_dn; give only one of them"
        )
    if ldap.bind_dn and not ldap.secret and ldap.secret_file is None:
        raise ConfigValueError(
            ("ldap", "secret"), "is missing; it is the password of the account ldap.bind_dn"
        )


def check_ca_files(files: Mapping[str, str]) -> None:
    """Check that the certificates to trust, by section, can be used. Raises `ConfigValueError`."""
    for section, file in files.items():
        path = (section, "ca_file")
        try:
            found = certificates(file)
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata="\n".join(found))
        except (ssl.SSLError, ValueError) as error:
            raise ConfigValueError(path, f"{file} holds no certificates in PEM") from error
        except OSError as error:
            raise ConfigValueError(path, f"{file} cannot be read: {error.strerror}") from error


def certificates(file: str) -> list[str]:
    """The certificates in a PEM file. Raises OSError, and ValueError for what is no text."""
    return [found.decode("ascii") for found in CERTIFICATE.findall(Path(file).read_bytes())]


def loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
