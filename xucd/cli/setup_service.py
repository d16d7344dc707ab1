"""The step of `xucd setup` that makes xucd a service where systemd runs, unless a package has.

It places the service's user and the shipped unit, which runs this installation. Only for the
settings at their usual place: the unit's confinement and its credential name that folder.
"""

from xucd.cli.setup_run import Run, uninterrupted
from xucd.cli.subcommand import ask
from xucd.config import shipped
from xucd.tools import service
from xucd.tools.asterisk_files import bytes_of, text_of
from xucd.tools.file_diff import difference
from xucd.tools.setup_settings import SECRET_FILE
from xucd.tools.whole_files import Change, FilesError


def place(run: Run) -> None:
    """Place the service after a yes; without one, setup goes on. Raises `FilesError` and others."""
    if not run.places_service:
        return
    hidden = service.out_of_reach()
    if hidden is not None:
        print(
            f"\nxucd becomes no service: a service cannot read {hidden}. Install xucd into"
            " /opt/xucd, and run setup again."
        )
        run.has_service = service.unit_settings() == run.path
        return
    changes = [change for change in _wanted() if _is_allowed(run, change)]
    has_user = service.service_ids()[0] >= 0
    if not changes and has_user:
        return
    if changes:
        run.show(changes)
    if not has_user:
        print(f"The service runs as the user {service.USER}, whom this makes.")
    if run.dry:
        return
    if not run.arguments.yes and not ask("Make xucd a service of this machine?", default=True):
        run.has_service = service.unit_settings() == run.path  # it may have an earlier one
        return
    put_back = run.manifest.reverter(changes)
    try:
        run.manifest.make(changes)
        service.make_user()
        service.read_units()
    except BaseException:
        with uninterrupted():
            put_back()
        raise
    run.restarts = True
    secret = run.path.with_name(SECRET_FILE)
    if run.manifest.holds(secret):  # written before there was the group that may read it
        service.share(secret)


def _wanted() -> list[Change]:
    """What is not there yet, or of an earlier version. Raises `FilesError`."""
    try:
        users = shipped.path("systemd/sysusers.conf").read_text(encoding="utf-8")
        unit = shipped.path("systemd/xucd.service").read_text(encoding="utf-8")
    except (OSError, shipped.NotShipped) as error:
        raise FilesError(str(error)) from error
    files = {
        service.USERS_FILE: users,
        service.UNIT_FILE: service.unit_of(unit, service.command()),
    }
    changes = [
        Change(path, text.encode(), 0o644, 0, 0, base=bytes_of(text_of(path)))
        for path, text in files.items()
    ]
    return [change for change in changes if difference(change)]


def _is_allowed(run: Run, change: Change) -> bool:
    """Whether a file may be changed: not one that somebody has written or changed."""
    if not change.path.exists() or run.manifest.holds(change.path):
        return True
    print(f"{change.path} was changed by hand and stays as it is")
    return False
