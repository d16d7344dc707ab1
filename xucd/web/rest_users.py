"""The REST route that adds and changes users in bulk.

The docstrings are part of the OpenAPI document.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from xucd.center.audit import AuditEntry, Kind, Target
from xucd.center.directory import Directory
from xucd.config import user_file
from xucd.config.csv_table import CsvError
from xucd.config.user_file import MAX_USERS, UserFileError, UserImport
from xucd.config.validation import ConfigValueError
from xucd.signin import passwords
from xucd.web.errors import HttpError, LinesInvalid
from xucd.web.rest_bodies import Body, Query
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_route import Requester

Cell = Annotated[str, Meta(max_length=2000)]


class ImportedUser(Body, forbid_unknown_fields=True, frozen=True):
    """A user to add or to change, by its login: every value is a text, as in a cell of a CSV file.

    An empty text leaves what is there, and ``-`` empties it. Several values are separated by
    commas. With `agentNumber` the user is an agent, of the group `agentGroup` and in the queues
    `agentQueues`, with penalties: ``support, sales=5``.
    """

    login: Cell
    first_name: Cell = ""
    last_name: Cell = ""
    profile: Cell = ""
    line: Cell = ""
    mobile_number: Cell = ""
    rights: Cell = ""
    queues: Cell = ""
    groups: Cell = ""
    password: Cell = ""
    agent_number: Cell = ""
    agent_group: Cell = ""
    agent_queues: Cell = ""


ManyUsers = Annotated[list[ImportedUser], Meta(min_length=1, max_length=MAX_USERS)]


class ImportUsersQuery(Query, frozen=True):
    """With `dryRun=true`, what would be changed is told, and nothing is changed."""

    dry_run: bool = False


class UsersImported(Body, frozen=True):
    """What was changed, a sentence for each thing; empty if all was so already."""

    changes: list[str]


async def may_import_users(requester: Requester) -> None:
    """Refuse what `import_users` would, as far as can be told without its body."""
    _ = requester.rights


async def import_users(
    requester: Requester, query: ImportUsersQuery, body: ImportedUser | ManyUsers | CsvFile
) -> UsersImported:
    """Add and change users, and agents among them; nobody is removed.

    The body is JSON, or CSV in UTF-8 whose first line names the columns: the keys of a JSON user.
    One invalid line refuses all of them, and the answer tells every error. Lines are counted from
    1: the header in CSV, the first user in JSON. What was changed is in force at once. A new
    password ends the sign-ins of its user.
    """
    _ = requester.rights

    def read(directory: Directory) -> UserImport:
        if isinstance(body, CsvFile):
            if (body.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
                raise CsvError("CharsetInvalid", "The file has to be UTF-8.")
            return user_file.read(body.data, directory, passwords.MIN_LENGTH)
        users = [body] if isinstance(body, ImportedUser) else body
        rows = [
            (place, {name: text for name, text in msgspec.to_builtins(user).items() if text})
            for place, user in enumerate(users, start=1)
        ]
        return user_file.read_rows(rows, directory, passwords.MIN_LENGTH)

    def make_entry(kind: Kind, targets: list[Target], detail: dict[str, object]) -> AuditEntry:
        # It is asked for in the transaction, which ends without a change if this raises: hashing
        # takes long, and whoever has lost the right meanwhile changes nothing.
        _ = requester.rights
        return AuditEntry(
            at=requester.services.audit.now(),
            actor=requester.actor,
            kind=kind,
            targets=tuple(targets),
            detail=detail,
        )

    try:
        changes = await requester.services.users.import_users(
            read, make_entry, dry_run=query.dry_run
        )
        if query.dry_run:
            _ = requester.rights
    except CsvError as error:
        raise HttpError(422, error.code, error.text) from None
    except UserFileError as error:
        raise LinesInvalid(error.lines) from None
    except ConfigValueError as error:
        raise HttpError(
            422, "ConfigurationInvalid", f"Nothing was changed: {error.problem}."
        ) from None
    return UsersImported(changes)
