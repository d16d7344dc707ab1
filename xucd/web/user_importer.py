"""What carries an import of users out, as the REST route asks for it."""

from collections.abc import Callable
from typing import Protocol

from xucd.center.audit import AuditEntry, Kind, Target
from xucd.center.directory import Directory
from xucd.config.user_file import UserImport

ReadUsers = Callable[[Directory], UserImport]
"""What is asked for beside a configuration. Raises `CsvError` or `UserFileError`."""
MakeEntry = Callable[[Kind, list[Target], dict[str, object]], AuditEntry]
"""Makes an entry of the audit trail."""


class UserImporter(Protocol):
    """What carries an import out."""

    async def import_users(
        self, read: ReadUsers, make_entry: MakeEntry, *, dry_run: bool
    ) -> list[str]:
        """Add and change users, in force at once; returns a line for each change.

        Raises what `read` raises, `ConfigValueError`, or `StoreError`.
        """
