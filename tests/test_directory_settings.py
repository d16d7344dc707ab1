"""The settings of directories: what is refused, and what their groups give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.certificates import certificate
from tests.conftest import PROJECT
from xucd.config.directories import GrantSettings
from xucd.config.settings import Settings, SettingsError, load
from xucd.signin.identities import Identity, Method, granted, members_grants
from xucd.signin.oidc.fetching import Fetching
from xucd.store.repository import Granted

AMI = '[ami]\nsecret = "not-well-known"\n'
OIDC = '[web]\npublic_url = "https://x.example"\n[oidc]\nissuer = "https://login.example"\n'
LDAP = '[ldap]\nurls = ["ldaps://ldap.example"]\nbase = "dc=example"\n'


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "xucd.toml"
    file.write_text(AMI + text)
    return load(file, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[oidc]\nissuer = "https://login.example"', "web.public_url is missing"),
        (OIDC.replace("https://login", "http://login"), "oidc.issuer"),
        (OIDC.replace("https://x", "http://x"), "web.public_url is"),
        (OIDC.replace("login.example", "login.example?x"), "oidc.issuer: has a query"),
        (OIDC + 'scopes = ["profile"]', "oidc.scopes: has to hold openid"),
        (OIDC + 'secret = "a"\nsecret_file = "b"', "oidc.secret_file is given beside oidc.secret"),
        (OIDC + 'secret_file = "nowhere"', "oidc.secret_file: "),
        (OIDC + '[[oidc.grants]]\ngroup = "a"\nprofile = "Boss"', "oidc.grants[0].profile"),
        (OIDC + '[[oidc.grants]]\ngroup = "a"\nqueue = "b"', "oidc.grants[0]"),
        (LDAP.replace("ldaps://", "http://"), "ldap.urls[0]"),
        (LDAP.replace("ldaps://", "ldap://") + "starttls = false", "in clear text"),
        (LDAP.replace('base = "dc=example"\n', ""), "ldap.base is missing"),
        (LDAP + 'filter = "(uid=x)"', "ldap.filter: has no {login}"),
        (LDAP + 'bind_template = "x"', "ldap.bind_template: has no {login}"),
        (LDAP + 'bind_dn = "cn=x"', "ldap.secret is missing"),
        (LDAP + 'bind_dn = "cn=x"\nsecret = "s"\nbind_template = "{login}"', "only one of them"),
        (LDAP + "timeout = 0", "ldap.timeout"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, text)
    assert says in str(error.value)


def test_good_settings_are_taken_with_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "oidc-secret").write_text("of the client\n")
    assert loaded(tmp_path, OIDC + 'secret_file = "oidc-secret"').oidc.secret == "of the client"
    assert loaded(tmp_path, LDAP).ldap.urls == ("ldaps://ldap.example",)
    here = LDAP.replace("ldaps://ldap.example", "ldap://127.0.0.1") + "starttls = false"
    assert loaded(tmp_path, here)


@pytest.mark.parametrize("section", [OIDC, LDAP], ids=["oidc", "ldap"])
def test_certificates_to_trust_that_cannot_be_used_are_told_with_the_key(
    tmp_path: Path, section: str
) -> None:
    file = tmp_path / "ca.pem"
    text = f'{section}ca_file = "{file}"\n'
    key = f"{'ldap' if section == LDAP else 'oidc'}.ca_file"

    def refusal() -> str:
        with pytest.raises(SettingsError) as error:
            loaded(tmp_path, text)
        return str(error.value)

    assert refusal() == f"xucd.toml: {key}: {file} cannot be read: No such file or directory"
    good = Path(certificate(tmp_path)[0]).read_text()
    for wrong in ("", "no certificate", good.replace("M", "", 1), f"{good}{good[:99]}A{good[99:]}"):
        file.write_text(wrong)
        assert refusal() == f"xucd.toml: {key}: {file} holds no certificates in PEM"
    # Authorities are often handed out with words between their certificates.
    file.write_text(f"# Ours, été\n{good}# theirs\n{good}\nthe end\n")
    assert loaded(tmp_path, text)
    assert Fetching(str(file), 1.0)
    file.unlink()
    off = f'[oidc]\nca_file = "{file}"\n[ldap]\nca_file = "{file}"\n'
    assert loaded(tmp_path, off)


def test_of_several_groups_the_higher_profile_counts_and_lists_are_joined() -> None:
    grants = (
        GrantSettings(group="A", profile="Supervisor", rights=("recording",), queues=("q", "r")),
        GrantSettings(group="b", profile="Admin", queues=("r", "s"), groups=("g",)),
        GrantSettings(group="c", rights=("dissuasion",)),
    )
    assert granted(members_grants(member("A", "b", "z"), grants)) == Granted(
        profile="Admin", rights=("recording",), queues=("q", "r", "s"), groups=("g",)
    )
    assert members_grants(member("z", ""), grants) == ()
    assert granted(()) == Granted()


def member(*groups: str, method: Method = "oidc") -> Identity:
    return Identity(login="ada", method=method, groups=frozenset(groups))


DN = "CN=CC\\, Admins,OU=Groups,DC=corp"


@pytest.mark.parametrize(
    ("named", "group", "by_oidc", "by_ldap"),
    [
        ("cc-admins", "cc-admins", True, True),
        ("cc-admins", "CC-Admins", False, True),
        # Only case makes s of the first, and k of the second.
        ("cc-admins", "cc-admin\u017f", False, False),
        ("kiosk", "\u212aiosk", False, False),
        (DN, "cn=cc\\2c admins, ou=groups, dc=CORP", False, True),
        (DN, "CN=CC\\, Admins,OU=Group\u017f,DC=corp", False, False),
        (DN, "CN=CC,CN=Admins,OU=Groups,DC=corp", False, False),
        ("cn=a+ou=b,dc=c", "cn=a,ou=b,dc=c", False, False),
    ],
)
def test_names_of_groups_are_compared_as_the_directory_does(
    named: str, group: str, by_oidc: bool, by_ldap: bool
) -> None:
    grants = (GrantSettings(group=named, profile="Admin"),)
    assert bool(members_grants(member(group), grants)) is by_oidc
    assert bool(members_grants(member(group, method="ldap"), grants)) is by_ldap


def test_the_examples_of_the_page_for_operators_load(tmp_path: Path) -> None:
    page = (PROJECT / "docs/signin.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.S)
    assert len(blocks) == 3
    for name in ("oidc-secret", "ldap-secret"):
        (tmp_path / name).write_text("a secret")
    authority = certificate(tmp_path)[0]
    for block in blocks:
        found = loaded(tmp_path, block.replace("/etc/xucd/ca.pem", authority))
        assert (found.oidc.issuer or found.ldap.urls) and (found.oidc.grants or found.ldap.grants)
