"""The commands `user …`: passwords and sign-ins."""

import argparse
import getpass
import sys

import msgspec

from xucd.center.audit import ASKED, Kind, Target
from xucd.cli.subcommand import Mistake, before_any_change, open_store
from xucd.signin import passwords
from xucd.store import audit, directory_users


def login_argument(parser: argparse.ArgumentParser) -> None:
    """The user."""
    parser.add_argument("login", metavar="LOGIN")


def passwd(arguments: argparse.Namespace) -> int:
    """Set a user's password."""
    store = open_store(arguments)
    try:
        # Checked before a password is asked for.
        if arguments.login not in store.directory().user_by_login:
            raise Mistake(f"there is no user {arguments.login}")
        password_hash = passwords.hash_password(new_password())
        entry = audit.command_line(Kind.SET_PASSWORD, [Target("user", None, arguments.login)])
        # Before and after, since it is another transaction: neither can go unseen.
        audit.write(store, msgspec.structs.replace(entry, outcome=ASKED))
        store.set_password_hash(arguments.login, password_hash)
        audit.write(store, entry)
    finally:
        store.close()
    return 0


def logout(arguments: argparse.Namespace) -> int:
    """Sign a user out everywhere."""
    store = open_store(arguments)
    try:
        if arguments.login not in store.generations():
            raise Mistake(f"there is no user {arguments.login}")
        entry = audit.command_line(Kind.SIGN_OUT, [Target("user", None, arguments.login)])
        # Before and after, as for a new password.
        audit.write(store, msgspec.structs.replace(entry, outcome=ASKED))
        store.end_all_sign_ins(arguments.login)
        audit.write(store, entry)
    finally:
        store.close()
    print(f"{arguments.login} is signed out everywhere")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Remove a user whom a directory has brought."""
    store = open_store(arguments)
    try:
        target = Target("user", None, arguments.login)
        entry = audit.command_line(Kind.REMOVE_USER, [target])
        if not directory_users.remove(store, arguments.login, entry):
            raise Mistake(
                f"no directory has brought a user {arguments.login}; users of the centre's file "
                "are removed there: xucd center apply --prune"
            )
    finally:
        store.close()
    print(f"{arguments.login} is removed")
    return 0


def new_password() -> str:
    """A password from a prompt, asked for twice, or from standard input. Raises `Mistake`."""
    if sys.stdin.isatty():
        with before_any_change():
            password = getpass.getpass("New password: ")
            again = getpass.getpass("Again: ")
        if again != password:
            raise Mistake("the passwords do not match")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < passwords.MIN_LENGTH:
        raise Mistake(f"a password needs at least {passwords.MIN_LENGTH} characters")
    return password
