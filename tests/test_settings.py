"""The settings: defaults, the file, the environment over it, and errors that a person can mend."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from xucd.config import settings
from xucd.config.settings import Settings, SettingsError

SECRET = {"XUCD_AMI_SECRET": "k7-dusk-apron"}
EXAMPLE = Path(__file__).parent.parent / "docs/xucd.toml"


def load(tmp_path: Path, text: str, environ: dict[str, str] = SECRET) -> Settings:
    path = tmp_path / "xucd.toml"
    path.write_text(text, encoding="utf-8")
    return settings.load(path, environ)


def refusal(tmp_path: Path, text: str, environ: dict[str, str] = SECRET) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text, environ)
    return str(caught.value)


def test_without_a_file_the_defaults_hold() -> None:
    found = settings.load(None, SECRET)
    assert (found.web.host, found.web.port) == ("127.0.0.1", 8090)
    assert found.ami.secret == "k7-dusk-apron"
    assert found.store.url == "sqlite:////var/lib/xucd/xucd.db"
    assert [status.name for status in found.statuses][:2] == ["available", "lunch"]


def test_the_example_loads_once_it_has_a_secret_and_holds_the_defaults() -> None:
    assert settings.load(EXAMPLE, SECRET) == settings.load(None, SECRET)
    with pytest.raises(SettingsError, match=r"xucd\.toml: ami\.secret is empty"):
        settings.load(EXAMPLE, {})


def test_the_example_shows_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    # What is optional stands there as comments of the form "# key = value" and "# [section]".
    content = tomllib.loads(re.sub(r"^# (?=\w+ = |\[\w+\]$)", "", text, flags=re.MULTILINE))
    for field in msgspec.structs.fields(Settings):
        assert field.name in content
        if isinstance(content[field.name], dict):
            (kind, *_) = get_args(field.type) or (field.type,)
            assert content[field.name].keys() == {key.name for key in msgspec.structs.fields(kind)}


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    environ = {
        **SECRET,
        "XUCD_WEB_PORT": "9001",
        "XUCD_WEB_TOKEN_TTL": "60",
        "XUCD_WEB_ORIGINS": "http://a.example, https://b.example:8443",
        "XUCD_STRICT_RIGHTS": "true",
        "XUCD_AMI_ACTION_TIMEOUT": "2.5",
        "XUCD_FEATURES_LISTEN": "false",
        "XUCD_CONFIG": "elsewhere",
        "HOME": "/root",
    }
    found = load(tmp_path, "[web]\nport = 9000\nhost = '0.0.0.0'\n", environ)
    assert (found.web.port, found.web.host, found.web.token_ttl) == (9001, "0.0.0.0", 60)
    assert found.web.origins == ("http://a.example", "https://b.example:8443")
    assert found.strict_rights is True
    assert found.ami.action_timeout == 2.5
    assert found.features.listen is False


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[web]\nprot = 1", "xucd.toml: web.prot: there is no such key"),
        ("[wbe]\nport = 1", "xucd.toml: wbe: there is no such key"),
        ("[web]\nport = '1'", "xucd.toml: web.port: expected a whole number, got text in quotes"),
        ("[web]\nport = 65536", "xucd.toml: web.port: expected a whole number <= 65535"),
        ("web = 1", "xucd.toml: web: expected a table, got a whole number"),
        ("[web]\norigins = ['crm.example']", "xucd.toml: web.origins[0]: has to look like https:"),
        ("[web]\norigins = ['*']", "xucd.toml: web.origins[0]: has to look like https:"),
        (
            "[web]\nhints = 'own'",
            'xucd.toml: web.hints: expected "everybody" or "own lists", got "own"',
        ),
        ("[web]\ntls_key = 'a'", "xucd.toml: web: give both tls_certificate and tls_key"),
        ("[asterisk]\nqueue_log = ''", "xucd.toml: asterisk.queue_log: has to be a whole path"),
        ("[asterisk]\ncdr = 'cdr.csv'", "xucd.toml: asterisk.cdr: has to be a whole path"),
        ("[agi]\nhost = '0.0.0.0'", 'xucd.toml: agi.host is "0.0.0.0", but FastAGI has no auth'),
        ("[store]\nurl = 'mysql://x/y'", "xucd.toml: store.url is neither a sqlite nor a postg"),
        ("[store]\nurl = 'nonsense'", "xucd.toml: store.url is not a database URL"),
        ("[store]\nurl = 'sqlite://'", "xucd.toml: store.url: names no file"),
        ("[[statuses]]\nname='a b'\nlong_name='A'\ncolor='#000000'", "xucd.toml: statuses[0].name"),
        ("[[statuses]]\nname='a\"'\nlong_name='A'\ncolor='#000000'", "xucd.toml: statuses[0].name"),
        ("[[statuses]]\nname='a'\nlong_name='A'\ncolor='red'", "xucd.toml: statuses[0].color: has"),
        (
            "[[statuses]]\nname='a'\nlong_name='A'\ncolor='#000000'",
            "xucd.toml: statuses[0].actions: has neither",
        ),
        (
            "[[statuses]]\nname='unreachable'\nlong_name='A'\ncolor='#000000'\n"
            "actions=[{name='queueunpause_all'}]",
            "xucd.toml: statuses[0].actions: lacks queuepause_all",
        ),
        (
            "[[statuses]]\nname='a'\nlong_name='A'\ncolor='#000000'\n"
            "actions=[{name='queuepause_all'}]",
            "xucd.toml: statuses: at least one status",
        ),
        ("[[statuses]]\nname='a'", "xucd.toml: statuses[0]: long_name is missing"),
        ("port = ", "xucd.toml: is not valid TOML"),
        ("a = " + "[" * 5000, "xucd.toml: is not valid TOML: its values are nested too deeply"),
        ("a = " + "1" * 5000, "xucd.toml: is not valid TOML: a number in it is too long"),
        (
            "[dialing]\nallowed='a{99999999999999999999}'",
            "xucd.toml: dialing.allowed is not a regular expression",
        ),
        (
            f"[dialing]\nallowed='{'(' * 5000}{')' * 5000}'",
            "xucd.toml: dialing.allowed is nested too deeply",
        ),
        (
            "[store]\nurl='postgresql://xucd@db:port/xucd'",
            "xucd.toml: store.url is not a database URL",
        ),
    ],
)
def test_a_wrong_value_is_named_with_file_section_and_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert sentence in refusal(tmp_path, text)


@pytest.mark.parametrize("secret", ["amp111", "Secret", "mysecret", "CHANGE-ME"])
def test_a_well_known_secret_is_refused(tmp_path: Path, secret: str) -> None:
    assert refusal(tmp_path, f"[ami]\nsecret = '{secret}'", {}) == (
        f'xucd.toml: ami.secret is "{secret}", Asterisk\'s well-known default; choose another'
    )


def test_a_secret_with_a_line_break_is_refused(tmp_path: Path) -> None:
    assert "ami.secret" in refusal(tmp_path, '[ami]\nsecret = "ab\\r\\nAction: x"', {})


def test_a_misspelt_variable_is_refused(tmp_path: Path) -> None:
    for name in ("XUCD_AMI_SECRT", "XUCD_WBE_PORT", "XUCD_STATUSES_NAME"):
        assert name in refusal(tmp_path, "", {**SECRET, name: "1"})


def test_a_variable_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, "", {**SECRET, "XUCD_WEB_PORT": "many"})
    assert said == "XUCD_WEB_PORT in the environment: expected a whole number, got text in quotes"


def test_the_secret_is_read_from_a_file_beside_the_settings_or_from_credentials(
    tmp_path: Path,
) -> None:
    (tmp_path / "ami").write_text("from-beside\n")
    assert load(tmp_path, "[ami]\nsecret_file = 'ami'", {}).ami.secret == "from-beside"
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "ami").write_text("from-systemd")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert load(tmp_path, "[ami]\nsecret_file = 'ami'", environ).ami.secret == "from-systemd"
    # The unit hands over one secret; another is beside the settings all the same.
    (tmp_path / "ldap").write_text("beside")
    both = "[ami]\nsecret_file = 'ami'\n[ldap]\nsecret_file = 'ldap'"
    assert load(tmp_path, both, environ).ldap.secret == "beside"


def test_a_secret_file_that_is_missing_empty_doubled_or_well_known_is_refused(
    tmp_path: Path,
) -> None:
    assert "ami.secret_file" in refusal(tmp_path, "[ami]\nsecret_file = 'none'", {})
    (tmp_path / "ami").write_text("\n")
    assert "ami.secret is empty" in refusal(tmp_path, "[ami]\nsecret_file = 'ami'", {})
    (tmp_path / "ami").write_text("amp111\n")
    assert "ami.secret is" in refusal(tmp_path, "[ami]\nsecret_file = 'ami'", {})
    both = "[ami]\nsecret = 'abcdefg1'\nsecret_file = 'ami'"
    assert "ami.secret_file is given beside ami.secret" in refusal(tmp_path, both, {})


def test_a_secret_in_the_environment_stands_in_for_the_secret_file(tmp_path: Path) -> None:
    assert load(tmp_path, "[ami]\nsecret_file = 'none'").ami.secret == "k7-dusk-apron"


def test_whoever_only_touches_the_store_needs_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "xucd.toml"
    path.write_text("[ami]\nsecret_file = 'none'")
    assert settings.load(path, {}, secret=False).store.url.startswith("sqlite:")


def test_a_relative_database_lies_in_the_state_directory(tmp_path: Path) -> None:
    environ = {**SECRET, "STATE_DIRECTORY": "/var/lib/one:/var/lib/two"}
    assert load(tmp_path, "", environ).store.url == "sqlite:////var/lib/one/xucd.db"
    relative = "[store]\nurl = 'sqlite:///other.db'"
    assert load(tmp_path, relative, environ).store.url == "sqlite:////var/lib/one/other.db"
    absolute = "[store]\nurl = 'sqlite:////srv/x.db'"
    assert load(tmp_path, absolute, environ).store.url == "sqlite:////srv/x.db"
