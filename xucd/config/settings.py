"""xucd's settings: one TOML file, with overrides from the environment, checked once at start.

``ami.secret`` in the file is ``XUCD_AMI_SECRET`` in the environment, which wins; a list is written
there with commas. `docs/xucd.toml` shows every key. Anything that is not understood is an error:
a misspelt key must not quietly leave a default in force.
"""

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

import msgspec
from msgspec import Meta
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from xucd.center.placeholders import placeholders
from xucd.config import validation
from xucd.config.validation import Wrong

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
PREFIX = "XUCD_"
# Variables that begin like a setting but are none.
NOT_SETTINGS = {"XUCD_CONFIG"}
STATE_DIRECTORY = "/var/lib/xucd"
WELL_KNOWN_SECRETS = {
    "amp111", "mysecret", "secret", "secret5", "password", "passw0rd", "changeme", "change_me",
    "change-me", "admin", "asterisk", "xucd", "manager", "test", "1234", "12345", "123456",
    "12345678",
}  # fmt: skip


class SettingsError(Exception):
    """The settings cannot be used. The text names the source and the key, for a person."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Web(_Section, frozen=True, kw_only=True):
    """Where browsers connect. `token_ttl` is in seconds; port 0 lets the system choose one."""

    host: str = "127.0.0.1"
    port: Port = 8090
    origins: tuple[Annotated[str, Meta(pattern=validation.ORIGIN)], ...] = ()
    token_ttl: Positive = 3600
    legacy_links: bool = False
    tls_certificate: str | None = None
    tls_key: str | None = None


class Ami(_Section, frozen=True, kw_only=True):
    """Asterisk's manager interface. `action_timeout` is in seconds."""

    host: str = "127.0.0.1"
    port: Port = 5038
    username: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "xucd"
    secret: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    secret_file: str | None = None
    action_timeout: Annotated[float, Meta(gt=0, le=600)] = 5.0


class Agi(_Section, frozen=True, kw_only=True):
    """Where Asterisk's dialplan asks. FastAGI has no authentication, so: loopback only."""

    host: str = "127.0.0.1"
    port: Port = 4573


class StorePlace(_Section, frozen=True, kw_only=True):
    """The database. A relative SQLite path is taken from systemd's state directory if it is set."""

    url: str = "sqlite:///xucd.db"


class Features(_Section, frozen=True, kw_only=True):
    """What needs `originate` from Asterisk, and can be done without."""

    listen: bool = True
    dial: bool = True
    callbacks: bool = True


class Dialing(_Section, frozen=True, kw_only=True):
    """What users may dial. `allowed` is a regular expression that a whole number has to match.

    `queue_timeout` is for how many seconds a call from a queue looks for an agent.
    """

    allowed: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "[0-9*#+]{2,20}"
    queue_timeout: Annotated[int, Meta(ge=1, le=600)] = 25


class SheetItemSettings(_Section, frozen=True, kw_only=True):
    """One item of a sheet. `value` may hold placeholders, percent-encoded where `type` is url."""

    name: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)]
    type: Annotated[str, Meta(pattern=validation.WORD)] = "text"
    order: int = 0
    value: Annotated[str, Meta(pattern=validation.TEXT)]


class SheetSettings(_Section, frozen=True, kw_only=True):
    """A sheet, by the name under which the dialplan asks for it."""

    name: Annotated[str, Meta(pattern=validation.WORD)]
    when: Literal["ring", "answer"] = "ring"
    items: tuple[SheetItemSettings, ...] = ()


class Limits(_Section, frozen=True, kw_only=True):
    """`backlog` is how many unread bytes a client may have; log-ins are counted per address."""

    backlog: Annotated[int, Meta(ge=1024)] = 1024 * 1024
    login_attempts_per_minute: Positive = 20


class StatusActionSettings(_Section, frozen=True, kw_only=True):
    """What a status does to the agent who takes it."""

    name: Annotated[str, Meta(pattern=validation.WORD)]
    parameters: str = "true"


class StatusSettings(_Section, frozen=True, kw_only=True):
    """A status that users may take; one with `queuepause_all` is a pause reason."""

    name: Annotated[str, Meta(pattern=validation.WORD)]
    long_name: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)]
    color: Annotated[str, Meta(pattern=validation.COLOUR)]
    actions: tuple[StatusActionSettings, ...] = ()


PAUSE = (StatusActionSettings(name="queuepause_all"),)
READY = (StatusActionSettings(name="queueunpause_all"),)
STATUSES = (
    StatusSettings(name="available", long_name="Available", color="#9BC920", actions=READY),
    StatusSettings(name="lunch", long_name="Lunch", color="#F2833A", actions=PAUSE),
    StatusSettings(name="meeting", long_name="In a meeting", color="#3A83F2", actions=PAUSE),
    StatusSettings(name="away", long_name="Away", color="#F2C43A", actions=PAUSE),
)


class Settings(_Section, frozen=True, kw_only=True):
    """All settings. `store.url` is absolute and `ami.secret` is read from its file by now."""

    strict_rights: bool = False
    web: Web = Web()
    ami: Ami = Ami()
    agi: Agi = Agi()
    store: StorePlace = StorePlace()
    features: Features = Features()
    dialing: Dialing = Dialing()
    limits: Limits = Limits()
    statuses: tuple[StatusSettings, ...] = STATUSES
    sheets: tuple[SheetSettings, ...] = ()


def load(path: Path | None, environ: Mapping[str, str], *, secret: bool = True) -> Settings:
    """Read the settings file, if there is one, and lay the environment over it.

    With `secret` off, `ami.secret` is neither read nor judged: whoever only touches the store
    need not be able to. Raises `SettingsError`.
    """
    source = path.name if path else "settings"
    values = _read(path) if path else {}
    try:
        settings = validation.convert(_overridden(values, environ), Settings)
        if secret:
            settings = msgspec.structs.replace(
                settings, ami=_with_secret(settings.ami, path, environ)
            )
        _judge(settings)
        url = _absolute(settings.store.url, environ)
    except Wrong as wrong:
        key = validation.dotted(wrong.path)
        # Sentences that begin with "is" read on from the key; the others stand for themselves.
        gap = " " if wrong.sentence.startswith("is ") else ": "
        raise SettingsError(f"{source}: {key}{gap if key else ''}{wrong.sentence}") from wrong
    return msgspec.structs.replace(settings, store=StorePlace(url=url))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are both ones
        raise SettingsError(f"{path.name}: is not valid TOML: {error}") from error


def _overridden(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Lay the environment's settings over the file's."""
    values = dict(values)
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        whole = f"{section}_{key}"
        if whole in (top := _types(Settings)):
            values[whole] = _from_text(name, environ[name], top[whole])
            continue
        kind = top.get(section)
        types = _types(kind) if isinstance(kind, type) and issubclass(kind, _Section) else {}
        if key not in types:
            raise SettingsError(f"{name} in the environment names no setting")
        held = values.setdefault(section, {})
        if isinstance(held, dict):  # otherwise wrong, and the check of the whole will say so
            held = {**held, key: _from_text(name, environ[name], types[key])}
            if key == "secret":  # stands in for a secret file too, and the other way round
                held.pop("secret_file", None)
            if key == "secret_file":
                held.pop("secret", None)
            values[section] = held
    return values


def _types(kind: type[_Section]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _from_text(name: str, text: str, kind: Any) -> object:
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return validation.convert(text, kind, strict=False)
    except Wrong as wrong:
        raise SettingsError(f"{name} in the environment: {wrong.sentence}") from wrong


def _with_secret(ami: Ami, path: Path | None, environ: Mapping[str, str]) -> Ami:
    """Read the secret from its file if it has one, and refuse what anybody could guess.

    A relative file is taken from systemd's credentials if there are any, else from beside the
    settings.
    """
    secret = ami.secret
    if ami.secret_file is not None:
        if secret:
            raise Wrong(("ami", "secret_file"), "is given beside ami.secret; keep one of the two")
        beside = path.parent if path else Path()
        file = Path(environ.get("CREDENTIALS_DIRECTORY", beside)) / ami.secret_file
        try:
            secret = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise Wrong(("ami", "secret_file"), f"{file} cannot be read: {error}") from error
        validation.convert(secret, Annotated[str, Meta(pattern=validation.TEXT)], ("ami", "secret"))  # type: ignore[arg-type]
    if not secret:
        raise Wrong(("ami", "secret"), "is empty; give the one from Asterisk's manager.conf")
    if secret.lower() in WELL_KNOWN_SECRETS:
        shown = validation.quoted(secret)
        raise Wrong(("ami", "secret"), f"is {shown}, Asterisk's well-known default; choose another")
    return msgspec.structs.replace(ami, secret=secret)


def _judge(settings: Settings) -> None:
    """Refuse what no type can tell."""
    if not _loopback(settings.agi.host):
        raise Wrong(
            ("agi", "host"),
            f"is {validation.quoted(settings.agi.host)}, but FastAGI has no authentication: "
            "only a loopback address will do",
        )
    if (settings.web.tls_certificate is None) != (settings.web.tls_key is None):
        raise Wrong(("web",), "tls_certificate and tls_key are of use only together")
    try:
        re.compile(settings.dialing.allowed)
    except re.error as error:
        raise Wrong(("dialing", "allowed"), f"is no regular expression: {error}") from None
    _judge_sheets(settings.sheets)
    names = [status.name for status in settings.statuses]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise Wrong(("statuses", index, "name"), f"is {name} a second time")
    for index, status in enumerate(settings.statuses):
        if not {action.name for action in status.actions} & {"queuepause_all", "queueunpause_all"}:
            raise Wrong(
                ("statuses", index, "actions"),
                "has neither queuepause_all nor queueunpause_all: choosing it would do nothing",
            )
    if not any(a.name == "queueunpause_all" for s in settings.statuses for a in s.actions):
        raise Wrong(("statuses",), "one has to have the action queueunpause_all")


def _judge_sheets(sheets: tuple[SheetSettings, ...]) -> None:
    for index, sheet in enumerate(sheets):
        if sheet.name in [other.name for other in sheets[:index]]:
            raise Wrong(("sheets", index, "name"), f"is {sheet.name} a second time")
        for number, item in enumerate(sheet.items):
            try:
                placeholders(item.value)
            except ValueError as error:
                raise Wrong(("sheets", index, "items", number, "value"), str(error)) from None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _absolute(text: str, environ: Mapping[str, str]) -> str:
    """The store's URL with a whole path, checked to be of a kind that xucd knows."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise Wrong(("store", "url"), "is no database URL, such as sqlite:///xucd.db") from error
    backend = url.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return text
    if backend != "sqlite":
        raise Wrong(("store", "url"), "is neither a sqlite nor a postgresql URL")
    if not url.database or url.database == ":memory:":
        raise Wrong(("store", "url"), "is without the file that SQLite needs")
    # systemd separates several state directories by colons; the first is the one to use.
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if not state and text == StorePlace().url:
        state = STATE_DIRECTORY
    file = (Path(state) / url.database).absolute()
    return url.set(database=str(file)).render_as_string(hide_password=False)
