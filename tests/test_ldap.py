"""What an LDAP server says of who signs in: a real one, asked as the settings say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.slapd_server import BASE, GROUPS, READER, READER_SECRET, SlapdServer
from xucd.config.directories import Ldap
from xucd.signin.errors import DirectoryUnavailable
from xucd.signin.ldap import LdapDirectory

TEMPLATE = f"uid={{login}},{BASE}"


@pytest.fixture(scope="module")
def slapd() -> Iterator[SlapdServer]:
    with SlapdServer() as server:
        yield server


def settings(slapd: SlapdServer, **more: Any) -> Ldap:
    given = {
        "urls": (slapd.url,), "ca_file": slapd.ca_file, "base": BASE, "bind_dn": READER,
        "secret": READER_SECRET, "timeout": 10, **more,
    }  # fmt: skip
    if "bind_template" in more:
        given |= {"bind_dn": "", "secret": ""}
    return Ldap(**given)


WAYS: dict[str, dict[str, Any]] = {
    "starttls, found by an account": {},
    "ldaps, found by an account": {"starttls": False},
    "bound as the user itself": {"bind_template": TEMPLATE},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_password_signs_in_with_the_name_and_the_groups_of_the_entry(
    slapd: SlapdServer, way: str
) -> None:
    urls = (slapd.tls_url,) if way.startswith("ldaps") else (slapd.url,)
    directory = LdapDirectory(settings(slapd, urls=urls, **WAYS[way]))
    found = directory.identity("bruce", "bruce-ldap")
    assert found is not None
    assert (found.login, found.method) == ("bruce", "ldap")
    assert (found.first_name, found.last_name) == ("Bruce", "Wail")
    assert found.groups == {f"cn=supervisors,{GROUPS}"}
    assert directory.identity("bruce", "wrong") is None
    assert directory.identity("nobody", "bruce-ldap") is None
    assert directory.identity("carol", "carol-ldap") is None  # has no password


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_password_is_wrong_though_the_server_would_take_it(
    slapd: SlapdServer, way: str
) -> None:
    directory = LdapDirectory(settings(slapd, **WAYS[way]))
    assert directory.identity("bruce", "") is None
    assert directory.identity("bruce", "\0") is None
    assert directory.identity("", "bruce-ldap") is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "typed", ["bad\x07word", "\ue000", "\ufffd", "\u0627a", "\u00ad"], ids=ascii
)
def test_a_password_that_cannot_be_sent_is_wrong_and_keeps_nobody_else_out(
    slapd: SlapdServer, way: str, typed: str
) -> None:
    directory = LdapDirectory(settings(slapd, **WAYS[way]), lambda: 0.0)
    assert directory.identity("bruce", typed) is None
    assert directory.identity("bruce", "bruce-ldap") is not None


@pytest.mark.parametrize(
    "typed",
    ["*", "bruce*", "bruce)(uid=*", "*)(objectClass=*", "bruce,ou=people", "x)(|(uid=bruce)",
     "\\62ruce", "bruce\\", "bruce)(&"],
)  # fmt: skip
@pytest.mark.parametrize("way", WAYS)
def test_what_was_typed_means_nothing_in_a_filter_or_in_a_name(
    slapd: SlapdServer, way: str, typed: str
) -> None:
    assert LdapDirectory(settings(slapd, **WAYS[way])).identity(typed, "bruce-ldap") is None


@pytest.mark.parametrize("way", WAYS)
def test_a_login_with_special_characters_is_found(slapd: SlapdServer, way: str) -> None:
    found = LdapDirectory(settings(slapd, **WAYS[way])).identity("o+x(1)", "odd-ldap")
    assert found is not None
    assert found.login == "o+x(1)"


def test_the_login_is_the_one_of_the_directory_in_whatever_case_it_was_typed(
    slapd: SlapdServer,
) -> None:
    found = LdapDirectory(settings(slapd)).identity("BRUCE", "bruce-ldap")
    assert found is not None
    assert found.login == "bruce"


def test_who_has_no_login_in_the_directory_is_not_taken_for_what_was_typed(
    slapd: SlapdServer,
) -> None:
    without = settings(slapd, login_attribute="employeeNumber")
    with capture_logs() as logged:
        assert LdapDirectory(without).identity("BRUCE", "bruce-ldap") is None
    assert "employeeNumber" in logged[0]["reason"]


def test_a_login_of_two_entries_is_nobodys(slapd: SlapdServer) -> None:
    by_mail = settings(slapd, filter="(mail={login})")
    assert LdapDirectory(by_mail).identity("twin@example.org", "twin1-ldap") is None


def test_groups_are_searched_below_their_base_and_only_those_have_short_names(
    slapd: SlapdServer,
) -> None:
    searched = settings(slapd, groups_attribute="description", group_base=GROUPS)
    found = LdapDirectory(searched).identity("zoe", "zoe-ldap")
    assert found is not None
    assert found.groups == {f"cn=supervisors,{GROUPS}", "supervisors"}
    # An entry's own list names groups of everywhere; elsewhere, anybody may have made one.
    listed = LdapDirectory(settings(slapd, group_base=GROUPS)).identity("zoe", "zoe-ldap")
    assert listed is not None
    assert "cn=admins,ou=elsewhere,dc=example,dc=org" in listed.groups
    assert "admins" not in listed.groups


def test_a_server_whose_certificate_is_not_trusted_gets_no_password(slapd: SlapdServer) -> None:
    for urls in ((slapd.url,), (slapd.tls_url,)):
        with pytest.raises(DirectoryUnavailable):
            LdapDirectory(settings(slapd, urls=urls, ca_file=None)).identity("bruce", "bruce-ldap")
    # Nor one whose certificate is of another host.
    elsewhere = (slapd.tls_url.replace("127.0.0.1", "localhost"),)
    with pytest.raises(DirectoryUnavailable):
        LdapDirectory(settings(slapd, urls=elsewhere)).identity("bruce", "bruce-ldap")


def test_a_referral_is_not_followed(slapd: SlapdServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        slapd.change(
            f"dn: cn=away,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\ncn: away\n"
            f"ref: ldap://127.0.0.1:{port}/{BASE}\n",
            "-a",
        )
        directory = LdapDirectory(settings(slapd))
        assert directory.identity("bruce", "bruce-ldap") is not None
        away = LdapDirectory(settings(slapd, base=f"cn=away,{BASE}"))
        with pytest.raises(DirectoryUnavailable):
            away.identity("bruce", "bruce-ldap")
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_an_account_that_is_refused_makes_nobodys_password_wrong(slapd: SlapdServer) -> None:
    with pytest.raises(DirectoryUnavailable, match="bind_dn"):
        LdapDirectory(settings(slapd, secret="other")).identity("bruce", "bruce-ldap")


def test_one_users_search_that_fails_keeps_nobody_else_out(slapd: SlapdServer) -> None:
    nowhere = settings(slapd, base="ou=nowhere,dc=example,dc=org")
    directory = LdapDirectory(nowhere, lambda: 0.0)
    for _ in range(2):
        # The server is asked again at once.
        with pytest.raises(DirectoryUnavailable, match="ou=nowhere"):
            directory.identity("bruce", "bruce-ldap")
    refused = LdapDirectory(settings(slapd, secret="other"), lambda: 0.0)
    for reason in ("bind_dn", "a moment ago"):
        with pytest.raises(DirectoryUnavailable, match=reason):
            refused.identity("bruce", "bruce-ldap")


def test_a_server_that_does_not_answer_is_left_for_the_next_one_and_for_a_while(
    slapd: SlapdServer,
) -> None:
    now = 0.0
    # Port 9 discards, and nothing listens there.
    both = settings(slapd, urls=("ldap://127.0.0.1:9", slapd.url))
    assert LdapDirectory(both).identity("bruce", "bruce-ldap") is not None
    alone = LdapDirectory(settings(slapd, timeout=3), lambda: now)
    slapd.freeze()
    try:
        with pytest.raises(DirectoryUnavailable):
            alone.identity("bruce", "bruce-ldap")
    finally:
        slapd.thaw()
    with pytest.raises(DirectoryUnavailable, match="a moment ago"):
        alone.identity("bruce", "bruce-ldap")
    now = 60.0
    assert alone.identity("bruce", "bruce-ldap") is not None
