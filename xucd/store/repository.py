"""The store: what outlives Asterisk and xucd, read and written in short transactions.

Every method is one transaction and blocks until it is done. On the event loop, call it through
`xucd.store.worker.AsyncStore`. All raise `StoreError`, and `StoreUnavailable` when the database
cannot be reached.
"""

import datetime
import secrets
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    Table,
    Text,
    cast,
    delete,
    false,
    func,
    select,
    union,
    update,
)

from xucd.center.day import AgentDay
from xucd.center.directory import MAIN, Agent, Directory, Group, Line, Profile, Queue, User, folded
from xucd.center.grammar import name_of, reason_of
from xucd.center.queue_day import QueueDay
from xucd.center.station import Station
from xucd.config.queue_names import queue_ids
from xucd.store import database, tables
from xucd.store.errors import StoreError
from xucd.store.rows import nested, put_rows, remove_rows, replace_queues


class Store:
    """The database behind a URL: ``sqlite:////var/lib/xucd/xucd.db``, ``postgresql://…/xucd``.

    Nothing is connected to before the first call, which should be `migrate`.
    """

    _generations: tuple[str, Mapping[str, str]] = "{}", {}  # as the database said them last

    check: Callable[[Connection], None] | None = None
    """Called first in each transaction that writes; what it raises keeps all of it from being
    written."""

    def __init__(self, url: str) -> None:
        self._engine = database.open_engine(url)

    def migrate(self) -> None:
        """Bring the tables up to date; safe when several processes start at once."""
        database.migrate(self._engine)

    def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        database.close_engine(self._engine)

    def ping(self) -> None:
        """Raise `StoreUnavailable` unless the database answers."""
        with self.reading() as connection:
            connection.execute(select(1))

    def empty_log(self) -> None:
        """Let nothing that was deleted be left in SQLite's write-ahead log."""
        database.empty_log(self._engine)

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads."""
        return database.transaction(self._engine, writing=False)

    def writing(self, *, alone: bool = False) -> AbstractContextManager[Connection]:
        """A transaction that writes; `alone` among all that do."""
        return self._checked(database.transaction(self._engine, writing=True, alone=alone))

    @contextmanager
    def _checked(self, transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        with transaction as connection:
            if self.check is not None:
                self.check(connection)
            yield connection

    def trying(self) -> AbstractContextManager[Connection]:
        """A transaction on tables that are up to date, of which nothing stays."""
        return database.trial(self._engine)

    def directory(self) -> Directory:
        """The whole configuration."""
        with self.reading() as connection:
            return directory_of(connection)

    def configured(self) -> Directory:
        """The configuration as the centre's file says it, without what directories have added."""
        with self.reading() as connection:
            return directory_of(connection, of_file=True)

    def memberships(self) -> dict[int, dict[int, int]]:
        """The queues that each agent works on: agent id to queue id to penalty."""
        with self.reading() as connection:
            return nested(connection, tables.memberships)

    def set_membership(self, agent_id: int, queue_id: int, penalty: int) -> None:
        """Add an agent to a queue, or change its penalty there."""
        row = {"agent_id": agent_id, "queue_id": queue_id, "penalty": penalty}
        with self.writing() as connection:
            put_rows(connection, tables.memberships, [row])

    def remove_membership(self, agent_id: int, queue_id: int) -> None:
        """Remove an agent from a queue. Idempotent."""
        with self.writing() as connection:
            remove_rows(connection, tables.memberships, [(agent_id, queue_id)])

    def default_memberships(self) -> dict[int, dict[int, int]]:
        """The queues that each user works on by default: user id to queue id to penalty."""
        with self.reading() as connection:
            return nested(connection, tables.default_memberships)

    def set_default_memberships(
        self, memberships: Mapping[int, Mapping[int, int]], among: Collection[int] | None = None
    ) -> None:
        """Replace the default memberships of the users named, all of them or none.

        With `among`, a user's memberships of other queues than these stay as they are.
        """
        with self.writing() as connection:
            for user_id, queues in memberships.items():
                replace_queues(connection, tables.default_memberships, user_id, queues, among)

    def set_agent_group(self, agent_id: int, group_id: int) -> None:
        """Move an agent to a group."""
        table = tables.agents
        with self.writing() as connection:
            changed = connection.execute(
                update(table).where(table.c.id == agent_id).values(group_id=group_id)
            )
            if not changed.rowcount:
                raise StoreError(f"there is no agent {agent_id}")

    def stations(self) -> dict[int, Station]:
        """Each agent's current or last station, by agent id."""
        with self.reading() as connection:
            return stations_of(connection)

    def put_station(self, station: Station) -> None:
        """Write an agent's station in place of its last one."""
        with self.writing() as connection:
            put_rows(connection, tables.stations, [msgspec.structs.asdict(station)])

    def agent_days(self, day: datetime.date) -> dict[int, AgentDay]:
        """The counters of one day, by agent id."""
        table = tables.agent_days
        with self.reading() as connection:
            rows = connection.execute(select(table).where(table.c.day == day)).mappings()
            return {
                row["agent_id"]: AgentDay(
                    **{name: row[name] for name in AgentDay.__struct_fields__}
                )
                for row in rows
            }

    def queue_days(self, day: datetime.date) -> dict[int, QueueDay]:
        """The counters of one day, by queue id."""
        table = tables.queue_days
        with self.reading() as connection:
            rows = connection.execute(select(table).where(table.c.day == day)).mappings()
            return {
                row["queue_id"]: QueueDay(
                    **{name: row[name] for name in QueueDay.__struct_fields__}
                )
                for row in rows
            }

    def password_hash(self, login: str) -> str | None:
        """A user's password hash; None for an unknown login and for one without a password."""
        column = tables.users.c.password_hash
        with self.reading() as connection:
            return connection.scalar(select(column).where(tables.users.c.login == login))

    def set_password_hash(self, login: str, password_hash: str) -> bool:
        """Write a user's password hash, and end all of its sign-ins.

        Returns False if the login does not exist.
        """
        return self._set_user(login, password_hash=password_hash)

    def renew_password_hash(self, login: str, before: str, after: str) -> None:
        """Write another hash of the same password in the place of `before`; no sign-in ends.

        Nothing is written if another password has been set, or the user removed, meanwhile.
        """
        table = tables.users
        with self.writing() as connection:
            connection.execute(
                update(table)
                .where(table.c.login == login, table.c.password_hash == before)
                .values(password_hash=after)
            )

    def change_password(self, login: str, password_hash: str, generation: str) -> str | None:
        """Write a user's password hash, and end all sign-ins; returns their next generation.

        Returns None, with no change, unless the present generation is the one given: another
        process has ended it meanwhile, perhaps by a new password.
        """
        table, following = tables.users, tables.new_generation()
        with self.writing() as connection:
            changed = connection.execute(
                update(table)
                .where(table.c.login == login, func.coalesce(table.c.generation, "") == generation)
                .values(generation=following, password_hash=password_hash)
            )
            return following if changed.rowcount == 1 else None

    def generations(self) -> Mapping[str, str]:
        """What each user's sign-ins have to be of, by login; other ones have ended.

        Asked whenever a token is used, so the database says all in one text: that takes a fifth of
        the time of rows, and holds up no other thread. While it is the same, so is the mapping.
        """
        with self.reading() as connection:
            said: str = connection.execute(_GENERATIONS[connection.dialect.name]).scalar_one()
        if said != self._generations[0]:
            self._generations = said, msgspec.json.decode(said, type=dict[str, str])
        return self._generations[1]

    def end_all_sign_ins(self, login: str) -> bool:
        """End all sign-ins of a user; False if the login does not exist."""
        return self._set_user(login)

    def check_writable(self) -> None:
        """Write nothing, by a statement that needs a database that takes writes."""
        with self.writing() as connection:
            connection.execute(delete(tables.ended_sign_ins).where(false()))

    def ended_sign_ins(self, now: float) -> dict[str, float]:
        """The single sign-ins that have ended before their time: until when, by id."""
        table = tables.ended_sign_ins
        with self.reading() as connection:
            rows = connection.execute(select(table.c.sid, table.c.until).where(table.c.until > now))
            return {sid: until for sid, until in rows}

    def end_sign_in(self, sid: str, until: float, now: float) -> None:
        """End one sign-in, whose time would be up at `until`. Idempotent.

        Those whose time is up by now are forgotten. Times are epoch seconds.
        """
        table = tables.ended_sign_ins
        with self.writing() as connection:
            connection.execute(delete(table).where(table.c.until <= now))
            put_rows(connection, table, [{"sid": sid, "until": until}])

    def _set_user(self, login: str, **values: str) -> bool:
        """Change a user, in a new generation of sign-ins; False if the login does not exist."""
        table = tables.users
        with self.writing() as connection:
            changed = connection.execute(
                update(table)
                .where(table.c.login == login)
                .values(generation=tables.new_generation(), **values)
            )
            return changed.rowcount == 1

    def token_secret(self) -> bytes:
        """The 32 random bytes that sign tokens, made once at the first call."""
        table = tables.meta
        fresh = {"key": "token_secret", "value": secrets.token_hex(32)}
        with self.writing() as connection:
            put_rows(connection, table, [fresh], keep=True)
            kept = connection.scalar(select(table.c.value).where(table.c.key == fresh["key"]))
        return bytes.fromhex(str(kept))


def _in_one_text(function: str) -> Select[Any]:
    """The generation of each user as one JSON object, by the database's function for that."""
    users = tables.users.c
    pairs = getattr(func, function)(users.login, func.coalesce(users.generation, ""))
    return select(func.coalesce(cast(pairs, Text), "{}"))


_GENERATIONS = {
    "sqlite": _in_one_text("json_group_object"),
    "postgresql": _in_one_text("json_object_agg"),
}
_NOTHING: frozenset[int] = frozenset()  # one for all: most users have none
_NAMES = ("name", "display_name", "first_name", "last_name")


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What the groups of a directory give a user, in place of the centre's file: see `signin`.

    Queues and groups are named; names that nothing has any more give nothing. `by` is the method of
    the sign-in that told of the groups, "" where that is not known.
    """

    by: str = ""
    profile: Profile | None = None
    rights: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def directory_of(connection: Connection, *, of_file: bool = False) -> Directory:
    """The configuration; names of a version that let them hold markup lose it.

    With `of_file`, as the centre's file says it, without what directories say of users.
    """

    def rows(table: Table) -> list[dict[str, Any]]:
        found = connection.execute(select(table).order_by(table.c.id)).mappings()
        names = [name for name in _NAMES if name in table.c]
        # Thousands of rows have the same few contexts and PBXs: each is in memory once.
        shared = [name for name in ("context", "pbx") if name in table.c]
        return [
            {
                **row,
                **{name: name_of(row[name]) for name in names},
                **{name: sys.intern(row[name]) for name in shared},
            }
            for row in found
        ]

    agents = list(rows(tables.agents))
    users = {row["id"]: row for row in rows(tables.users) if not (of_file and row["origin"])}
    queues = [Queue(**row) for row in rows(tables.queues)]
    groups = [Group(**row) for row in rows(tables.groups)]
    queues_by_name = {folded(name): queue_id for name, queue_id in queue_ids(queues).items()}
    agent_ids = {row["user_id"]: row["id"] for row in agents}
    return Directory(
        groups=groups,
        queues=queues,
        lines=[Line(**row) for row in rows(tables.lines)],
        agents=[
            Agent(
                **row,
                first_name=users[row["user_id"]]["first_name"],
                last_name=users[row["user_id"]]["last_name"],
                line_id=users[row["user_id"]]["line_id"],
            )
            for row in agents
        ],
        users=[
            user if of_file else _with_granted(user, row["granted"], queues_by_name, groups)
            for row in users.values()
            for user in (_user(row, agent_ids.get(row["id"])),)
        ],
    )


def pbxs_of(connection: Connection) -> set[str]:
    """The PBXs that the centre has, as `Directory.pbxs`."""
    found = union(select(tables.queues.c.pbx), select(tables.lines.c.pbx))
    return set(connection.scalars(found)) or {MAIN}


def stations_of(connection: Connection, agent_id: int | None = None) -> dict[int, Station]:
    """Each agent's current or last station, by agent id; with an id, that agent's alone."""
    found = select(tables.stations)
    if agent_id is not None:
        found = found.where(tables.stations.c.agent_id == agent_id)
    rows = connection.execute(found).mappings()
    return {row["agent_id"]: Station(**{**row, "reason": reason_of(row["reason"])}) for row in rows}


def _user(row: dict[str, Any], agent_id: int | None) -> User:
    return User(
        id=row["id"],
        login=row["login"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        line_id=row["line_id"],
        agent_id=agent_id,
        profile=row["profile"],
        queue_ids=frozenset(row["queue_ids"]) or _NOTHING,
        group_ids=frozenset(row["group_ids"]) or _NOTHING,
        rights=tuple(row["rights"]),
        mobile_number=row["mobile_number"],
    )


def _with_granted(user: User, said: Any, queues: Mapping[str, int], groups: list[Group]) -> User:
    """A user with what the groups of a directory give, if they decide."""
    if said is None:
        return user
    given = msgspec.convert(said, Granted)
    folded_names = {folded(name) for name in given.queues}
    more_queues = {queues[name] for name in folded_names & queues.keys()}
    more_groups = {group.id for group in groups if group.name in given.groups}
    return msgspec.structs.replace(
        user,
        profile=given.profile,
        rights=given.rights,
        queue_ids=user.queue_ids | more_queues,
        group_ids=user.group_ids | more_groups,
    )
