"""The settings and this machine: secrets, the manager interface, the web, open files, the service.

Nothing is written, created or handed to another user here: root may check what the service has.
"""

import os
import pwd
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from xucd.config.directories import loopback
from xucd.config.exposure import readable_by_all
from xucd.config.settings import Settings
from xucd.tools.asterisk_files import (
    included_files,
    options_in,
    sections_in,
    text_of,
)
from xucd.tools.checks import MANAGER_RELOAD, Finding, counted
from xucd.tools.manager_conf import manager_place

PROXY_FILES = (
    "nginx/nginx.conf",
    "nginx/conf.d/*.conf",
    "nginx/sites-enabled/*",
    "caddy/Caddyfile",
    "haproxy/haproxy.cfg",
    "apache2/sites-enabled/*",
    "httpd/conf.d/*.conf",
)
"""Where the configuration of proxies is, below /etc."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What of this machine the checks look at.

    `secrets` are sentences about secrets that all can read, each with its remedy after a colon;
    `files` are those that the service has to read. `clients` is how many connections of clients the
    service can have; `user` whom it runs as, if that is known. `etc` is the folder of Asterisk's
    configuration, `root` that of the whole system's.
    """

    settings: Settings
    secrets: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    clients: int | None = None
    user: str | None = None
    etc: Path | None = None
    root: Path = Path("/etc")


def secrets(machine: Machine) -> Iterator[Finding]:
    """Secrets that every user of the machine can read: xucd's own, and the AMI account's."""
    for sentence in machine.secrets:
        problem, _, remedy = sentence.partition(": ")
        yield Finding("SecretExposed", "warning", problem, remedy)
    for file in _account_files(machine.etc, machine.settings.ami.username):
        if readable_by_all(file):
            yield Finding(
                "SecretExposed",
                "warning",
                f"{file} holds the secret of the manager user {machine.settings.ami.username} and"
                " can be read by every user of this machine",
                f"chmod o-r {file}",
            )


def _account_files(etc: Path | None, username: str) -> list[Path]:
    """The files that hold the account of a manager user, of those that can be read."""
    if etc is None:
        return []
    try:
        return [
            file
            for file in included_files(etc, "manager.conf")
            if "secret" in dict(options_in(text_of(file), username))
        ]
    except OSError:
        return []


def manager(machine: Machine) -> Iterator[Finding]:
    """A manager interface that other machines reach: Asterisk's default is all addresses."""
    if machine.etc is None:
        return
    try:
        files = included_files(machine.etc, "manager.conf")
        texts = [text_of(file) for file in files]
        place = manager_place(machine.etc)
    except OSError:
        return
    address = re.sub(r"\A\[(.*)\].*|\A([^:]*):\d+\Z", r"\1\2", place.bound)
    if not place.enabled or (address and loopback(address)):
        return
    guards: dict[str, set[str]] = {}
    for text in texts:
        for name in sections_in(text):
            guards.setdefault(name, set()).update(key for key, _ in options_in(text, name))
    unguarded = sorted(
        name
        for name, keys in guards.items()
        if name != "general" and "secret" in keys and not keys & {"deny", "acl"}
    )
    yield Finding(
        "ManagerExposed",
        "warning" if unguarded else "note",
        f"Asterisk's manager interface listens on {place.bound or 'all addresses'} without"
        " encryption, not for this machine alone: whoever reaches port"
        f" {place.port} can "
        + (
            f"try secrets of {counted(unguarded, 'account', 'accounts')} without deny or acl"
            if unguarded
            else "connect, and only deny and acl of its accounts keep it out"
        ),
        f"write bindaddr = 127.0.0.1 under [general] in {place.file}, unless other machines use it;"
        f" {MANAGER_RELOAD}",
    )


def web(machine: Machine) -> Iterator[Finding]:
    """A web that others can listen to, or whose clients all look the same."""
    settings = machine.settings.web
    encrypted = settings.tls_certificate is not None
    if not encrypted and not loopback(settings.host):
        behind = bool(settings.trusted_proxies)
        yield Finding(
            "WebUnencrypted",
            "note" if behind else "warning",
            f"web.host is {settings.host}, and there is no TLS: whoever is on the way to port"
            f" {settings.port} can read passwords and tokens"
            + (", unless only the proxy can reach it" if behind else ""),
            'set host = "127.0.0.1" under [web] and put a proxy with TLS in front (docs/proxy.md),'
            " or set tls_certificate and tls_key",
        )
    if settings.trusted_proxies:
        return
    evidence = _proxy(machine, encrypted)
    if evidence:
        yield Finding(
            "ProxyUntrusted",
            "warning",
            f"{evidence}, but web.trusted_proxies is empty: all clients count as one address, which"
            " a few wrong passwords of anybody shut out, and the log shows no other",
            'set trusted_proxies under [web] to the address of the proxy, such as ["127.0.0.1"],'
            " and restart xucd",
        )


def _proxy(machine: Machine, encrypted: bool) -> str:
    """Why there seems to be a proxy in front; "" if nothing says so."""
    settings = machine.settings.web
    for origin in settings.origins:
        if not encrypted and origin.startswith("https://"):
            return f"web.origins has {origin}, which only a proxy can serve, for xucd has no TLS"
    if not settings.port:
        return ""
    address = re.compile(rf"(?<![\w.])(?:[\w.-]+|\[[0-9a-fA-F:]+\])?:{settings.port}(?!\d)")
    for pattern in PROXY_FILES:
        for file in sorted(machine.root.glob(pattern)):
            for line in _lines(file):
                if address.search(line) and not re.match(r"\s*(listen|bind)\b", line):
                    return f"{file} sends requests to port {settings.port}"
    return ""


def _lines(file: Path) -> list[str]:
    """The lines of a proxy's configuration without comments; none where it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.partition("#")[0] for line in text.splitlines()]


def open_files(machine: Machine, users: int) -> Iterator[Finding]:
    """More clients than the service may have files open: each connection is one."""
    if machine.clients is not None and users > machine.clients:
        yield Finding(
            "TooFewFiles",
            "warning",
            f"the service can have {machine.clients} connections of clients, for of open files it"
            f" may have few, but {users} users may sign in: the last of them are shut out",
            "set LimitNOFILE= in the service's unit (systemctl edit xucd) to 65536, or raise the"
            " hard limit (ulimit -Hn) where xucd is started by hand",
        )


def service_files(machine: Machine) -> Iterator[Finding]:
    """Files that the service's user cannot use, though root who checks can."""
    if machine.user is None or os.geteuid() != 0:
        return
    try:
        entry = pwd.getpwnam(machine.user)
    except KeyError:
        return
    settings = machine.settings
    store = make_url(settings.store.url)
    database = Path(store.database or "") if store.get_backend_name() == "sqlite" else None
    logs = [Path(name) for name in (settings.asterisk.queue_log, settings.asterisk.cdr) if name]
    with _as_user(entry):
        unread = [
            file for file in machine.files if not os.access(file, os.R_OK, effective_ids=True)
        ]
        unlogged = [file for file in logs if not os.access(file, os.R_OK, effective_ids=True)]
        unwritten = list(_unwritten(database)) if database is not None else []
    if unread:
        yield Finding(
            "ServiceCannotRead",
            "error",
            f"the service's user {machine.user} cannot read {_named(unread)}",
            f"chgrp {machine.user} {_named(unread, ' ')}; chmod g+r {_named(unread, ' ')}; and give"
            " it the right to enter their folders",
        )
    if unwritten:
        yield Finding(
            "ServiceCannotWrite",
            "error",
            f"the service's user {machine.user} cannot write {_named(unwritten)}",
            f"chown {machine.user}: {_named(unwritten, ' ')}",
        )
    if unlogged:
        yield Finding(
            "ServiceCannotRead",
            "warning",
            f"the service's user {machine.user} cannot read {_named(unlogged)}, so calls of times"
            " in which xucd was down are missing in the figures",
            f"usermod -aG asterisk {machine.user}, and restart xucd",
        )


def _unwritten(database: Path) -> Iterator[Path]:
    """Of a database's folder and files those that the present user cannot write."""
    files = (database, Path(f"{database}-wal"), Path(f"{database}-shm"))
    for path in (database.parent, *files):
        if os.path.lexists(path) and not os.access(path, os.W_OK, effective_ids=True):
            yield path


def _named(files: Iterable[Path], between: str = ", ") -> str:
    return between.join(map(str, files))


@contextmanager
def _as_user(entry: pwd.struct_passwd) -> Iterator[None]:
    """Have the rights of another user in the block, and root's again after it."""
    groups, group = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(entry.pw_name, entry.pw_gid))
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
