"""Passwords for users who have none yet: made at random, handed out from a list once.

The list is a file that only its owner can read. Whoever hands the passwords out deletes it then.
"""

import csv
import io
import os
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xucd.center.audit import Kind, Target
from xucd.center.directory import User
from xucd.signin.passwords import hash_password
from xucd.store import Store, audit

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look like others on paper."""

HEADING = ("login", "name", "phone", "password")


def new_password() -> str:
    """A random password that can be read out: three groups of four, 59 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def without_password(store: Store) -> list[User]:
    """The users who cannot sign in yet, by login. Raises `StoreError`."""
    users = store.directory().user_by_login
    return [users[login] for login in sorted(users) if store.password_hash(login) is None]


def set_passwords(store: Store, passwords: dict[str, str]) -> None:
    """Set passwords by login. Raises `StoreError`."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = dict(zip(passwords, pool.map(hash_password, passwords.values()), strict=True))
    for login, password_hash in hashes.items():
        store.set_password_hash(login, password_hash)
    targets = [Target("user", None, login) for login in passwords]
    audit.write(store, audit.command_line(Kind.SET_PASSWORD, targets))


def write_list(path: Path, users: Iterable[User], passwords: dict[str, str], store: Store) -> None:
    """Write users to the list, below those it has; theirs replaces what it has of them.

    Raises OSError.
    """
    lines = store.directory().lines
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADING)
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            writer.writerows(
                row for row in list(csv.reader(file))[1:] if row and row[0] not in passwords
            )
    for user in users:
        line = lines.get(user.line_id or 0)
        name = f"{user.first_name} {user.last_name}"
        row = (user.login, name, line.number if line else "", passwords[user.login])
        # A cell that begins like a formula would be one in a spreadsheet.
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in row])
    made = path.with_name(f".{path.name}.xucd-new")
    made.unlink(missing_ok=True)
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())
    made.replace(path)
