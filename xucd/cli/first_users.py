"""Who can sign in after `xucd setup`: the administrator, and everybody whom it has added.

Users of a centre that was there before keep what they have: they may sign in by other means. Who is
still to get a password is remembered in a file, so that a run that was killed is ended by the next.
"""

import argparse
import contextlib
import getpass
import os
import sys
from pathlib import Path

import msgspec
from sqlalchemy import make_url

from xucd.cli.subcommand import Mistake
from xucd.config.plan import Plan
from xucd.signin import passwords
from xucd.store import Store
from xucd.tools import first_passwords, service
from xucd.tools.proposal import Proposal

LIST = "first-passwords.csv"
PENDING = ".first-passwords-pending"


def remember(settings: Path, proposal: Proposal, present: Plan) -> None:
    """Note the people whom a proposal adds, before it is applied. Raises `Mistake`."""
    known = {person.login for person in present.people}
    new = {person.login for person in proposal.plan.people} - known
    file = settings.with_name(PENDING)
    try:
        file.write_bytes(msgspec.json.encode(sorted(new | _pending(file))))
    except OSError as error:
        raise Mistake(f"{file}: cannot be written: {error.strerror}") from error


def make(settings: Path, url: str, arguments: argparse.Namespace) -> None:
    """Give a password to each of them who has none. Raises `Mistake` and `StoreError`."""
    pending = _pending(settings.with_name(PENDING))
    store = Store(url)
    try:
        users = [u for u in first_passwords.without_password(store) if u.login in pending]
        admin = next((user.login for user in users if user.profile == "Admin"), None)
        chosen = None if admin is None else _administrators(admin, arguments)
        if admin is not None and chosen is not None:
            first_passwords.set_passwords(store, {admin: chosen})
            users = [user for user in users if user.login != admin]
        made = {user.login: first_passwords.new_password() for user in users}
        if made:
            print(f"\nFirst passwords are being made for {len(made)} users …", flush=True)
            path = settings.with_name(LIST)
            first_passwords.write_list(path, users, made, store)
            first_passwords.set_passwords(store, made)
            print(f"They are in {path}: hand them out, and delete the file.")
        settings.with_name(PENDING).unlink(missing_ok=True)
    except OSError as error:
        raise Mistake(f"{error.filename}: {error.strerror}") from error
    finally:
        store.close()
        if url.startswith("sqlite"):
            service.hand_over(Path(make_url(url).database or ""))


def forget(settings: Path) -> None:
    """After a removal: nobody is to get a password any more. Says where passwords are left."""
    with contextlib.suppress(OSError):
        settings.with_name(PENDING).unlink(missing_ok=True)
    name_list(settings)


def name_list(settings: Path) -> None:
    """Say where first passwords are left."""
    if os.path.lexists(settings.with_name(LIST)):
        print(f"{settings.with_name(LIST)} has first passwords: delete it once they are handed out")


def _pending(file: Path) -> set[str]:
    try:
        return set(msgspec.json.decode(file.read_bytes(), type=list[str]))
    except (OSError, msgspec.DecodeError):  # none, or cut by a full disk
        return set()


def _administrators(login: str, arguments: argparse.Namespace) -> str | None:
    """The administrator's password: the file's, one that is typed, or one made up and shown.

    None for one that is to be made up where nobody sees it: what is printed may go into a log.
    """
    file: Path | None = arguments.admin_password_file
    least = passwords.MIN_LENGTH
    if file is not None:
        try:
            password = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Mistake(f"{file}: cannot be read: {error}") from error
        if len(password) < least:
            raise Mistake(f"{file}: a password needs at least {least} characters")
        return password
    if (arguments.yes or not sys.stdin.isatty()) and not sys.stdout.isatty():
        return None
    if arguments.yes or not sys.stdin.isatty():
        password = first_passwords.new_password()
        print(f"\nThe administrator signs in as {login} with the password {password}")
        return password
    while True:
        password = getpass.getpass(f"Password of the administrator ({login}): ")
        if len(password) < least:
            print(f"a password needs at least {least} characters")
        elif getpass.getpass("Again: ") == password:
            return password
        else:
            print("the passwords do not match")
