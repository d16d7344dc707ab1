"""`xucd check`: finds what keeps a contact centre from working, and says how to mend it.

It looks at the settings and this machine, at the contact centre in the database, and over AMI at
Asterisk: the account, the modules, the dialplan, the queues and the lines. Each check is a row of
one of two tables. Nothing is changed, here or in Asterisk, but for what `xucd.tools.checks.account`
tells.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path

from sqlalchemy import make_url

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.connection import AmiSettings, log_in
from xucd.ami.errors import AmiError, LoginRefused
from xucd.ami.framing import Block
from xucd.ami.protocol import ManagerProtocol, connect
from xucd.center.directory import MAIN, Directory, Line, Queue
from xucd.config.cluster import Cluster
from xucd.config.settings import WELL_KNOWN_SECRETS
from xucd.store import Store
from xucd.store.errors import StoreError
from xucd.store.lease import Leases
from xucd.tools.checks import (
    MANAGER_RELOAD,
    Finding,
    account,
    as_json,
    as_text,
    counted,
    dialplan,
    exit_code,
    lines,
    machine,
    nats,
    nodes,
    queues,
    trunks,
)
from xucd.tools.checks.machine import Machine
from xucd.tools.checks.subject import AgiSettings, Scope, Subject
from xucd.tools.discovery import discover

ALL = Scope()
"""What there is to look at with all features, in one xucd, of an Asterisk that is elsewhere."""

EVENT_TIMEOUT = 1.0
"""Seconds to wait for an event that should arrive, and again after the answer to a `Ping`."""

OF_THE_MACHINE: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
    machine.secrets,
    machine.service_files,
    machine.manager,
    machine.web,
)
OF_ASTERISK: tuple[Callable[[Subject], AsyncIterator[Finding]], ...] = (
    account.rights,
    account.modules,
    dialplan.contexts,
    dialplan.destinations,
    dialplan.subroutines,
    dialplan.requests,
    queues.known,
    queues.members,
    queues.options,
    lines.phones,
    trunks.trunks,
)


def run(subject: Machine, *, json: bool = False) -> int:
    """Check and print; returns the exit code."""
    settings = subject.settings
    findings = [finding for check in OF_THE_MACHINE for finding in check(subject)]
    directory, problems = _center(settings.store.url)
    findings += problems
    findings += machine.open_files(subject, len(directory.users))
    if settings.cluster is not None and not problems:
        findings += _nodes(settings.store.url, directory)
        findings += asyncio.run(_all(nats.reached(settings, directory)))
    directory, unserved = served(directory, settings.cluster)
    findings += unserved
    features = settings.features
    if not settings.is_edge:
        findings += asyncio.run(
            check_center(
                settings.ami,
                settings.agi,
                directory,
                Scope(
                    originate=features.listen or features.dial or features.callbacks,
                    clustered=settings.cluster is not None,
                    etc=subject.etc,
                ),
            )
        )
    print(as_json(findings) if json else as_text(findings))
    return exit_code(findings)


def _center(url: str) -> tuple[Directory, list[Finding]]:
    """The configured centre, or an empty one and the reason."""
    parsed = make_url(url)
    file = Path(parsed.database or "")
    remedy = "run xucd setup, or xucd center apply FILE"
    try:
        # Opening it would create it, as the present user's.
        if parsed.get_backend_name() == "sqlite" and not file.exists():
            return Directory(), [
                Finding("CenterEmpty", "warning", f"there is no database {file} yet", remedy)
            ]
        store = Store(url)
        try:
            directory = store.directory()
        finally:
            store.close()
    except StoreError as error:
        return Directory(), [
            Finding(
                "CenterUnchecked",
                "warning",
                f"the contact centre could not be read ({error}), so queues, agents and lines are"
                " not checked",
                "run the check as root or as the service's user (runuser -u xucd -- xucd check);"
                " start the database; a database of an older xucd is brought up to date by the"
                " start of xucd",
            )
        ]
    if directory.queues and directory.agents:
        return directory, []
    lacking = "queues" if not directory.queues else "agents"
    return directory, [
        Finding("CenterEmpty", "warning", f"no {lacking} are configured in xucd", remedy)
    ]


def _nodes(url: str, directory: Directory) -> list[Finding]:
    leases = Leases(url)
    try:
        return list(nodes.owned(directory, leases.owners()))
    except StoreError as error:
        remedy = "start the database, and a node of this version, which brings it up to date"
        return [Finding("NodesUnchecked", "warning", f"the nodes are not checked: {error}", remedy)]
    finally:
        leases.close()


async def _all(findings: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in findings]


def served(directory: Directory, cluster: Cluster | None) -> tuple[Directory, list[Finding]]:
    """What of a centre is on the PBX that is checked, and a finding of what no xucd serves."""
    if cluster is not None:
        return directory.of_pbx(cluster.pbx), []
    on_main = directory.of_pbx(MAIN)
    if on_main is directory:
        return directory, []
    queues = [queue.name for queue in directory.queues.values() if queue.pbx != MAIN]
    lines = [line.number for line in directory.lines.values() if line.pbx != MAIN]
    text = (
        f"without [cluster], xucd serves the PBX {MAIN} alone; on others are"
        f" {counted(queues, 'queue', 'queues')} and {counted(lines, 'line', 'lines')}"
    )
    remedy = (
        "take pbx away from them in the centre's file and apply it, or run a node with [cluster]"
        " for each PBX (docs/configuration.md)"
    )
    return on_main, [Finding("PbxUnserved", "warning", text, remedy)]


async def check(
    ami: AmiSettings,
    agi: AgiSettings,
    queue_names: Iterable[str] = (),
    interfaces: Iterable[str] = (),
    *,
    scope: Scope = ALL,
) -> list[Finding]:
    """As `check_center`, of a centre of which only queues and lines are known."""
    directory = Directory(
        queues=[Queue(id, name, name, "", "") for id, name in enumerate(queue_names, 1)],
        lines=[Line(id, "", name, "") for id, name in enumerate(interfaces, 1)],
    )
    return await check_center(ami, agi, directory, scope)


async def check_center(
    ami: AmiSettings, agi: AgiSettings, directory: Directory, scope: Scope = ALL
) -> list[Finding]:
    """Connect to Asterisk and check it; returns an empty list when there is no problem."""
    findings = []
    if not ami.secret or ami.secret.lower() in WELL_KNOWN_SECRETS:
        findings.append(
            Finding(
                "WeakSecret",
                "error",
                "ami.secret is empty or a well-known default",
                f"set a long random secret in xucd.toml and in manager.conf; {MANAGER_RELOAD}",
            )
        )
    heard = account.HeardEvents(EVENT_TIMEOUT)
    try:
        manager = await connect(ami, heard.add)
    except AmiError as error:
        return [*findings, _unreachable(ami, error)]
    try:
        await log_in(manager, ami)
        subject = await _subject(manager, ami, agi, directory)
        subject = dataclasses.replace(subject, scope=scope)
        for findings_of in OF_ASTERISK:
            findings += [finding async for finding in findings_of(subject)]
        findings += [finding async for finding in account.events(subject, heard)]
    except LoginRefused as error:
        findings.append(
            Finding(
                "LoginRefused",
                "error",
                error.text,
                "set the same user and secret in manager.conf and xucd.toml, and see that its"
                f" permit lines allow this machine; {MANAGER_RELOAD}",
            )
        )
    except AmiError as error:
        # The reason why the connection ended says more than "connection lost".
        lost = manager.lost.result() if manager.lost.done() else None
        findings.append(_unreachable(ami, lost or error))
    finally:
        manager.close()
    return findings


async def _subject(
    manager: ManagerProtocol, ami: AmiSettings, agi: AgiSettings, directory: Directory
) -> Subject:
    def query(action: Action) -> Awaitable[list[Block]]:
        return manager.query(action, ami.action_timeout)

    (commands,) = await query(actions.list_commands())
    return Subject(query, commands, await discover(query), directory, agi)


def _unreachable(ami: AmiSettings, error: AmiError) -> Finding:
    return Finding(
        "CannotConnect",
        "error",
        f"cannot connect to Asterisk's manager at {ami.host}:{ami.port} ({error.text})",
        "start Asterisk; in manager.conf under [general], set enabled=yes, and bindaddr and port to"
        " the values of ami.host and ami.port in xucd.toml",
    )
