"""xucd's settings: one TOML file, with overrides from the environment, validated once at start.

``ami.secret`` in the file is ``XUCD_AMI_SECRET`` in the environment, which wins; a list is written
there with commas. `docs/xucd.toml` shows every key. Anything that is not understood is an error:
a misspelt key must not quietly leave a default in force.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from xucd.center.agent import MISSED, UNREACHABLE
from xucd.center.grammar import REASON_BYTES
from xucd.center.placeholders import placeholders
from xucd.config import validation
from xucd.config.cluster import Cluster, check_cluster
from xucd.config.directories import Ldap, Oidc, check_ca_files, check_ldap, check_oidc, loopback
from xucd.config.section import Section as _Section
from xucd.config.validation import ConfigValueError

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Days = Annotated[int, Meta(ge=0, le=36_500)]
PREFIX = "XUCD_"
MAX_STATUS = REASON_BYTES // 2
"""Characters of a status, whose name is the reason of a pause; accents take two bytes each."""
# Environment variables that begin with PREFIX and are not settings.
NOT_SETTINGS = {"XUCD_CONFIG"}
SECRETS = {"ami": "secret", "oidc": "secret", "ldap": "secret", "cluster": "nkey"}
"""The key of the secret in each section that has one. With ``_file``, it is that of its file."""
STATE_DIRECTORY = "/var/lib/xucd"
SERVICE_CREDENTIALS = Path("/run/credentials/xucd.service")
WELL_KNOWN_SECRETS = {
    "amp111", "mysecret", "secret", "secret5", "password", "passw0rd", "changeme", "change_me",
    "change-me", "admin", "asterisk", "xucd", "manager", "test", "1234", "12345", "123456",
    "12345678",
}  # fmt: skip


class SettingsError(Exception):
    """The settings cannot be used. The text names the file or the variable, and the key."""


class Web(_Section, frozen=True, kw_only=True):
    """HTTP and WebSocket; port 0 lets the system choose a port.

    `token_ttl` and `session_ttl` are seconds: a token is renewed until its sign-in ends.
    `trusted_proxies` are addresses or networks, and `forwarded_header` is where they tell clients'
    addresses; the other one of the two is not read.
    `public_url` is where browsers find xucd, as an origin: that of the proxy, if there is one.
    `security_contact` is whom ``/.well-known/security.txt`` names.
    `hints` says whose phones' states users may watch: everybody's, or those of the agents that
    their profile lets them see. `processes` is by how many processes an edge serves the port.
    """

    host: str = "127.0.0.1"
    port: Port = 8090
    origins: tuple[Annotated[str, Meta(pattern=validation.ORIGIN)], ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    token_ttl: Positive = 3600
    session_ttl: Positive = 12 * 3600
    legacy_links: bool = False
    security_contact: Annotated[str, Meta(pattern=validation.CONTACT)] | None = None
    public_url: Annotated[str, Meta(pattern=validation.ORIGIN)] | None = None
    hints: Literal["everybody", "own lists"] = "everybody"
    tls_certificate: str | None = None
    tls_key: str | None = None
    processes: Annotated[int, Meta(ge=1, le=64)] = 1


class Ami(_Section, frozen=True, kw_only=True):
    """Asterisk's manager interface. `action_timeout` is in seconds."""

    host: str = "127.0.0.1"
    port: Port = 5038
    username: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "xucd"
    secret: Annotated[str, Meta(pattern=validation.TEXT)] = ""
    secret_file: str | None = None
    action_timeout: Annotated[float, Meta(gt=0, le=600)] = 5.0


class Asterisk(_Section, frozen=True, kw_only=True):
    """What of Asterisk can be read beside its manager interface; None for what cannot."""

    queue_log: Annotated[str, Meta(pattern=validation.FILE)] | None = None
    cdr: Annotated[str, Meta(pattern=validation.FILE)] | None = None


class Agi(_Section, frozen=True, kw_only=True):
    """The FastAGI server for Asterisk's dialplan. It has no authentication: loopback only."""

    host: str = "127.0.0.1"
    port: Port = 4573

    @property
    def address(self) -> str:
        """As it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class StorePlace(_Section, frozen=True, kw_only=True):
    """The database. A relative SQLite path is taken from systemd's state directory if it is set."""

    url: str = "sqlite:///xucd.db"


class Features(_Section, frozen=True, kw_only=True):
    """Features that need Asterisk's privilege `originate`, each of which can be switched off."""

    listen: bool = True
    dial: bool = True
    callbacks: bool = True


class Dialing(_Section, frozen=True, kw_only=True):
    """What users may dial. `allowed` is a regular expression that a whole number has to match.

    `queue_timeout` is how long `dialFromQueue` looks for an agent, in seconds. `country_code` is
    that of numbers that begin with a single 0, by which persons are found; "" for any country's.
    """

    allowed: Annotated[str, Meta(pattern=validation.TEXT, min_length=1)] = "[0-9*#+]{2,20}"
    queue_timeout: Annotated[int, Meta(ge=1, le=600)] = 25
    country_code: Annotated[str, Meta(pattern=validation.COUNTRY_CODE)] = ""


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
    """`backlog` is in bytes: a client with more unread data is closed as slow.

    `login_attempts_per_minute` are failures, of each address at each login.
    `connections_per_address` are those without a valid token.
    """

    backlog: Annotated[int, Meta(ge=1024)] = 1024 * 1024
    login_attempts_per_minute: Positive = 20
    connections_per_address: Annotated[int, Meta(ge=8)] = 512
    links_per_user: Positive = 50


class Retention(_Section, frozen=True, kw_only=True):
    """For how many days each kind of data is kept; 0 keeps it for ever.

    `figures_days` is for the daily figures of agents and queues, and the gaps in them;
    `callback_requests_days` for closed requests, from their last call or the day they were due;
    `voice_messages_days` for the references to the messages of closed requests, from when they
    were left.
    """

    figures_days: Days = 1095
    callback_tickets_days: Days = 365
    callback_requests_days: Days = 365
    voice_messages_days: Days = 90
    audit_days: Days = 365


class StatusActionSettings(_Section, frozen=True, kw_only=True):
    """An action on the agent whose user chooses the status."""

    name: Annotated[str, Meta(pattern=validation.WORD)]
    parameters: Annotated[str, Meta(pattern=validation.WORD)] = "true"


class StatusSettings(_Section, frozen=True, kw_only=True):
    """A status that users can choose; one with `queuepause_all` is a pause reason."""

    name: Annotated[str, Meta(pattern=validation.WORD, max_length=MAX_STATUS)]
    long_name: Annotated[str, Meta(pattern=validation.LONG_NAME, min_length=1)]
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


NO_AMI = Ami()
"""Stands for a table that nobody wrote. One with nothing in it is equal, but another object."""


class Settings(_Section, frozen=True, kw_only=True):
    """All settings. `store.url` is absolute, and secrets have been read from their files."""

    strict_rights: bool = False
    web: Web = Web()
    ami: Ami = NO_AMI
    oidc: Oidc = Oidc()
    ldap: Ldap = Ldap()
    asterisk: Asterisk = Asterisk()
    agi: Agi = Agi()
    store: StorePlace = StorePlace()
    features: Features = Features()
    dialing: Dialing = Dialing()
    limits: Limits = Limits()
    retention: Retention = Retention()
    cluster: Cluster | None = None
    statuses: tuple[StatusSettings, ...] = STATUSES
    sheets: tuple[SheetSettings, ...] = ()
    queue_sheet: str = ""
    """The name of the sheet of queue calls for which the dialplan asks for none; "" for none."""

    @property
    def is_edge(self) -> bool:
        """Whether this node has no PBX: it is one of a cluster, and nothing is said of a PBX."""
        return self.cluster is not None and self.ami is NO_AMI


S = TypeVar("S", Ami, Oidc, Ldap, Cluster)


def load(path: Path | None, environ: Mapping[str, str], *, secret: bool = True) -> Settings:
    """Read the settings file, if there is one, and lay the environment over it.

    With `secret` off, secrets and certificates are neither read nor validated: commands that use
    only the store do not need them. Raises `SettingsError`.
    """
    source = path.name if path else "settings"
    values = read(path) if path else {}
    try:
        settings = validation.convert(_overridden(values, environ), Settings)
        if secret:
            settings = _with_secrets(settings, path, environ)
            check_ca_files(ca_files(settings))
        _check(settings)
        url = _absolute(settings.store.url, environ)
        if settings.cluster is not None:
            check_cluster(settings.cluster, url)
    except ConfigValueError as error:
        key = validation.dotted(error.path)
        # A problem that begins with "is" goes on from the key: 'ami.secret is "amp111", …'.
        gap = " " if error.problem.startswith("is ") else ": "
        raise SettingsError(f"{source}: {key}{gap if key else ''}{error.problem}") from error
    return msgspec.structs.replace(settings, store=StorePlace(url=url))


def read(path: Path) -> dict[str, Any]:
    """The settings file's content, as it is. Raises `SettingsError`."""
    try:
        return validation.read_toml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text") from error
    except ValueError as error:
        raise SettingsError(f"{path.name}: is not valid TOML: {error}") from error


def _overridden(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The file's settings, overridden by those of the environment."""
    values = dict(values)
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        whole = f"{section}_{key}"
        if whole in (top := _types(Settings)):
            values[whole] = _from_text(name, environ[name], top[whole])
            continue
        types = _keys(top.get(section))
        if key not in types:
            raise SettingsError(f"{name} in the environment names no setting")
        table = values.setdefault(section, {})
        if isinstance(table, dict):  # anything else is reported when the whole is converted
            table = {**table, key: _from_text(name, environ[name], types[key])}
            secret = SECRETS.get(section)
            if key == secret:  # replaces its file too, and the other way round
                table.pop(f"{secret}_file", None)
            if key == f"{secret}_file":
                table.pop(secret, None)
            values[section] = table
    return values


def _types(kind: type[_Section]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _keys(kind: Any) -> dict[str, Any]:
    """The types of a section's keys, by name; none of what is no section."""
    # A section that may be left out is a union with None.
    (kind, *_) = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return _types(kind) if isinstance(kind, type) and issubclass(kind, _Section) else {}


def _from_text(name: str, text: str, kind: Any) -> object:
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return validation.convert(text, kind, strict=False)
    except ConfigValueError as error:
        raise SettingsError(f"{name} in the environment: {error.problem}") from error


def secret_file(name: str, path: Path | None, environ: Mapping[str, str]) -> Path:
    """Where the secret's file is. `path` is that of the settings.

    A relative file is taken from systemd's credentials if it is one of them, else from beside the
    settings. A command of the service's user is given no credentials, and may not read what is
    beside the settings: it takes those of the service that runs.
    """
    beside = (path.parent if path else Path()) / name
    if "CREDENTIALS_DIRECTORY" in environ:
        credential = Path(environ["CREDENTIALS_DIRECTORY"]) / name
        return credential if os.path.lexists(credential) else beside
    of_service = SERVICE_CREDENTIALS / name
    usable = os.access(beside, os.R_OK, effective_ids=True) or not os.access(
        of_service, os.R_OK, effective_ids=True
    )
    return beside if usable else of_service


def _with_secrets(settings: Settings, path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the secrets from their files, and refuse an empty or well-known one of Asterisk's."""

    def with_secret(name: str, section: S) -> S:
        secret = {SECRETS[name]: _secret(name, section, path, environ)}
        return msgspec.structs.replace(section, **secret)

    cluster = settings.cluster and with_secret("cluster", settings.cluster)
    oidc, ldap = with_secret("oidc", settings.oidc), with_secret("ldap", settings.ldap)
    settings = msgspec.structs.replace(settings, oidc=oidc, ldap=ldap, cluster=cluster)
    if settings.is_edge:
        return settings
    ami = with_secret("ami", settings.ami)
    if not ami.secret:
        raise ConfigValueError(
            ("ami", "secret"), "is empty; give the secret of this user in Asterisk's manager.conf"
        )
    if ami.secret.lower() in WELL_KNOWN_SECRETS:
        shown = validation.quoted(ami.secret)
        raise ConfigValueError(
            ("ami", "secret"), f"is {shown}, Asterisk's well-known default; choose another"
        )
    return msgspec.structs.replace(settings, ami=ami)


def _secret(name: str, section: _Section, path: Path | None, environ: Mapping[str, str]) -> str:
    """A section's secret, read from its file if there is one. Raises `ConfigValueError`."""
    key = SECRETS[name]
    given: str = getattr(section, key)
    named: str | None = getattr(section, f"{key}_file")
    if named is None:
        return given
    of_file = (name, f"{key}_file")
    if given:
        raise ConfigValueError(of_file, f"is given beside {name}.{key}; give only one of them")
    file = secret_file(named, path, environ)
    try:
        secret = file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ConfigValueError(of_file, f"{file} is not UTF-8 text") from error
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ConfigValueError(of_file, f"{file} cannot be read: {reason}") from error
    found: str = validation.convert(secret, _types(type(section))[key], (name, key))
    return found


def secret_files(settings: Settings) -> dict[str, str]:
    """The files of secrets as they are named, by the section that has its secret in one."""
    named = {
        name: getattr(getattr(settings, name), f"{key}_file", None) for name, key in SECRETS.items()
    }
    return {section: file for section, file in named.items() if file is not None}


def ca_files(settings: Settings) -> dict[str, str]:
    """The files of certificates to trust, by the section that is in use and names one."""
    oidc, ldap, cluster = settings.oidc, settings.ldap, settings.cluster
    named = {
        "oidc": oidc.issuer and oidc.ca_file,
        "ldap": ldap.urls and ldap.ca_file,
        "cluster": cluster and cluster.ca_file,
    }
    return {section: file for section, file in named.items() if file}


def _check(settings: Settings) -> None:
    """Check what types cannot express. Raises `ConfigValueError`."""
    if not loopback(settings.agi.host):
        raise ConfigValueError(
            ("agi", "host"),
            f"is {validation.quoted(settings.agi.host)}, but FastAGI has no authentication: "
            "use a loopback address, such as 127.0.0.1",
        )
    if (settings.web.tls_certificate is None) != (settings.web.tls_key is None):
        raise ConfigValueError(("web",), "give both tls_certificate and tls_key, or neither")
    _check_processes(settings)
    check_oidc(settings.oidc, settings.web.public_url)
    check_ldap(settings.ldap)
    _check_proxies(settings.web.trusted_proxies)
    _check_expression(settings.dialing.allowed)
    _check_sheets(settings.sheets)
    if settings.queue_sheet not in ("", *(sheet.name for sheet in settings.sheets)):
        raise ConfigValueError(
            ("queue_sheet",),
            f"is {validation.quoted(settings.queue_sheet)}, but there is no such sheet: name one of"
            " sheets, or write an empty text",
        )
    names = [status.name for status in settings.statuses]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigValueError(
                ("statuses", index, "name"), f"is {name}, which another status has already"
            )
    for index, status in enumerate(settings.statuses):
        if not {action.name for action in status.actions} & {"queuepause_all", "queueunpause_all"}:
            raise ConfigValueError(
                ("statuses", index, "actions"),
                "has neither queuepause_all nor queueunpause_all: the status would have no effect",
            )
        pauses = any(action.name == "queuepause_all" for action in status.actions)
        if status.name in (MISSED, UNREACHABLE) and not pauses:
            raise ConfigValueError(
                ("statuses", index, "actions"),
                f"lacks queuepause_all: {status.name} is a pause that xucd shows agents in",
            )
    if not any(a.name == "queueunpause_all" for s in settings.statuses for a in s.actions):
        raise ConfigValueError(
            ("statuses",), "at least one status needs the action queueunpause_all"
        )


def _check_processes(settings: Settings) -> None:
    processes, path = settings.web.processes, ("web", "processes")
    if processes == 1 or settings.is_edge:
        return
    if settings.cluster is None:
        raise ConfigValueError(
            path,
            f"is {processes}, but several processes are nodes of a [cluster], and there is none:"
            " write one process, or see docs/scale.md",
        )
    raise ConfigValueError(
        path,
        f"is {processes}, but this node has a PBX ([ami]), whose owner is one process: run an edge"
        " beside it, an xucd without [ami], with that many processes",
    )


def _check_proxies(proxies: tuple[str, ...]) -> None:
    for index, proxy in enumerate(proxies):
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise ConfigValueError(
                ("web", "trusted_proxies", index),
                f"is {validation.quoted(proxy)}, which is no address and no network: "
                "write it as 192.0.2.1 or 192.0.2.0/24",
            ) from None


def _check_expression(allowed: str) -> None:
    try:
        re.compile(allowed)
    except (re.error, OverflowError) as error:
        raise ConfigValueError(
            ("dialing", "allowed"), f"is not a regular expression: {error}"
        ) from None
    except RecursionError:
        raise ConfigValueError(("dialing", "allowed"), "is nested too deeply") from None


def _check_sheets(sheets: tuple[SheetSettings, ...]) -> None:
    for index, sheet in enumerate(sheets):
        if sheet.name in [other.name for other in sheets[:index]]:
            raise ConfigValueError(
                ("sheets", index, "name"), f"is {sheet.name}, which another sheet has already"
            )
        for number, item in enumerate(sheet.items):
            try:
                placeholders(item.value)
            except ValueError as error:
                raise ConfigValueError(
                    ("sheets", index, "items", number, "value"), str(error)
                ) from None


def _absolute(text: str, environ: Mapping[str, str]) -> str:
    """The store's URL, with an absolute path for SQLite. Raises `ConfigValueError`."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:  # of a port that is no number, the latter
        raise ConfigValueError(
            ("store", "url"), "is not a database URL; write it as sqlite:///xucd.db"
        ) from error
    backend = url.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return text
    if backend != "sqlite":
        raise ConfigValueError(("store", "url"), "is neither a sqlite nor a postgresql URL")
    if not url.database or url.database == ":memory:":
        raise ConfigValueError(("store", "url"), "names no file; SQLite in memory is not supported")
    # systemd separates several state directories by colons; the first is the one to use.
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if not state and text == StorePlace().url:
        state = STATE_DIRECTORY
    file = (Path(state) / url.database).absolute()
    return url.set(database=str(file)).render_as_string(hide_password=False)
