"""The commands `run` and `check`: the daemon, and whether Asterisk is set up for it."""

import argparse
import os
import pwd
from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy import make_url

from xucd.cli.subcommand import exposed, settings, settings_path
from xucd.config.settings import Settings, ca_files, secret_file, secret_files
from xucd.tools import asterisk_files, manager_conf


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    checked = settings(arguments)
    from xucd.app import daemon  # noqa: PLC0415

    return daemon.run(checked, exposed(arguments, checked))


def check_arguments(parser: argparse.ArgumentParser) -> None:
    """How to print the findings."""
    parser.add_argument("--json", action="store_true", help="print a JSON list, for programs")
    parser.epilog = (
        "Exit codes: 0 nothing to mend (notes at most), 1 errors, 3 warnings, 2 it cannot check."
    )


def check(arguments: argparse.Namespace) -> int:
    """Print what keeps xucd from working, here and in Asterisk."""
    checked = settings(arguments)
    from xucd.app import file_limit  # noqa: PLC0415
    from xucd.tools import check, service  # noqa: PLC0415
    from xucd.tools.checks.machine import Machine  # noqa: PLC0415

    unit = service.unit()
    limit = unit.files if unit.files is not None else file_limit.allowed()
    machine = Machine(
        settings=checked,
        secrets=tuple(exposed(arguments, checked)),
        files=tuple(_service_reads(arguments, checked, unit.credentials)),
        clients=file_limit.for_clients(limit),
        user=unit.user or _owner(checked),
        etc=asterisk_etc() if manager_conf.own_addresses(checked.ami.host) else None,
    )
    return check.run(machine, json=arguments.json)


def asterisk_etc() -> Path | None:
    """The folder of Asterisk's configuration, if it is here and may be looked into."""
    try:
        return asterisk_files.configuration_folder()
    except PermissionError:
        return None


def _service_reads(
    arguments: argparse.Namespace, checked: Settings, credentials: Collection[str]
) -> Iterator[Path]:
    """The files that the service has to read, but for secrets that systemd hands it."""
    path = settings_path(arguments)
    if path is not None:
        yield path
    for name in secret_files(checked).values():
        if name not in credentials:
            yield secret_file(name, path, os.environ)
    yield from map(Path, ca_files(checked).values())
    if checked.web.tls_certificate is not None and checked.web.tls_key is not None:
        yield from (Path(checked.web.tls_certificate), Path(checked.web.tls_key))


def _owner(checked: Settings) -> str | None:
    """Whose the database is: the service's user, where there is no unit; root is none."""
    url = make_url(checked.store.url)
    if url.get_backend_name() != "sqlite":
        return None
    try:
        owner = Path(url.database or "").parent.stat().st_uid
        return pwd.getpwuid(owner).pw_name if owner else None
    except (OSError, KeyError):
        return None
