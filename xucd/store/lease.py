"""Who owns a PBX: a row with a lease, by the database's clock, which no two nodes need to share.

An owner renews its lease; when it cannot, another node may take the PBX once the lease has ended.
With each change of owner the row gets another number. What an owner writes, it writes in
transactions that see its own number there, and keep it from being changed until their end: so one
that was frozen and goes on writes nothing over what its successor has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from xucd.store.database import open_engine, store_error
from xucd.store.errors import StoreUnavailable

LEASE_S = 3.0
"""For how long a node owns a PBX after it has said so, in seconds."""

UNREACHED_S = 3.0
"""After so many seconds without its Asterisk an owner keeps no agent from going to another PBX."""

STATEMENT_MS = 1000
"""How long a statement about a lease may take, in milliseconds."""

IDLE_MS = 1500
"""How long an owner may be silent amid a transaction. It keeps others from taking its PBX: one that
is frozen there is cut off."""

LOCK = 0x70627861
"""The first key of PostgreSQL's advisory locks of PBXs; any number works."""

_NOW = "extract(epoch FROM clock_timestamp())"
_LOOK = text(f"SELECT until, until <= {_NOW} FROM pbx_owners WHERE pbx = :pbx")
_ALONE = text("SELECT pg_advisory_xact_lock(:lock, hashtext(:pbx))")
_TAKE = text(
    "INSERT INTO pbx_owners AS owner (pbx, node, number, until)"
    f" VALUES (:pbx, :node, 1, {_NOW} + :lease)"
    " ON CONFLICT (pbx) DO UPDATE SET node = excluded.node, number = owner.number + 1,"
    f" until = excluded.until, unreached = NULL WHERE owner.until <= {_NOW} RETURNING number"
)
_RENEW = text(
    f"UPDATE pbx_owners SET until = {_NOW} + :lease,"
    f" unreached = CASE WHEN :reached THEN NULL ELSE coalesce(unreached, {_NOW}) END"
    " WHERE pbx = :pbx AND number = :number"
)
_BESIDE = text(
    "SELECT pg_advisory_xact_lock_shared(:lock, hashtext(:pbx)),"
    " set_config('idle_in_transaction_session_timeout', :idle, true)"
)
_KEEPS = text(
    f"SELECT until > {_NOW} AND coalesce(unreached > {_NOW} - :unreached, true)"
    " FROM pbx_owners WHERE pbx = :pbx"
)
_OWNERS = text(f"SELECT pbx, node, until > {_NOW} FROM pbx_owners")
_NUMBER = text("SELECT number FROM pbx_owners WHERE pbx = :pbx")


class Claim(NamedTuple):
    """What came of an attempt to take a PBX: its number, or None and until when it is another's."""

    number: int | None
    until: float


class Leases:
    """The leases in a PostgreSQL database, on a connection that waits for nothing else.

    Every method is one transaction, blocks until it is done, and raises `StoreError`.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(_impatient(url))

    def take(self, pbx: str, node: str) -> Claim:
        """Own a PBX, unless somebody does, this node in an earlier life included."""
        with self._transaction() as connection:
            found = connection.execute(_LOOK, {"pbx": pbx}).one_or_none()
            if found is not None and not found[1]:
                return Claim(None, found[0])
            connection.execute(_ALONE, {"lock": LOCK, "pbx": pbx})
            row = {"pbx": pbx, "node": node, "lease": LEASE_S}
            number = connection.execute(_TAKE, row).scalar_one_or_none()
            until: float = connection.execute(_LOOK, {"pbx": pbx}).one()[0]
        return Claim(number, until)

    def renew(self, pbx: str, number: int, *, reached: bool = True) -> bool:
        """Go on owning a PBX; False if somebody else has taken it.

        `reached` says whether its Asterisk is, at this moment.
        """
        with self._transaction() as connection:
            row = {"pbx": pbx, "number": number, "lease": LEASE_S, "reached": reached}
            return connection.execute(_RENEW, row).rowcount == 1

    def give_up(self, pbx: str, number: int) -> None:
        """Own a PBX no longer, so that another node need not wait."""
        with self._transaction() as connection:
            row = {"pbx": pbx, "number": number, "lease": 0.0, "reached": True}
            connection.execute(_RENEW, row)

    def owners(self) -> dict[str, tuple[str, bool]]:
        """By PBX, the node that owned it last, and whether it does."""
        with self._transaction() as connection:
            return {pbx: (node, lives) for pbx, node, lives in connection.execute(_OWNERS)}

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        # Not the store's: an import must not keep a lease from being renewed.
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise store_error(error) from error


def check_owner(connection: Connection, pbx: str, number: int) -> None:
    """Let a transaction go on as one of this owner's. Raises `StoreUnavailable` if it is not."""
    connection.execute(_BESIDE, {"lock": LOCK, "pbx": pbx, "idle": str(IDLE_MS)})
    if connection.execute(_NUMBER, {"pbx": pbx}).scalar_one_or_none() != number:
        raise StoreUnavailable(f"another node owns the PBX {pbx!r} by now, and writes in its place")


def keeps_agents(connection: Connection, pbx: str) -> bool:
    """Whether who is logged in on a PBX works there: a node owns it, and reaches its Asterisk."""
    row = {"pbx": pbx, "unreached": UNREACHED_S}
    return bool(connection.execute(_KEEPS, row).scalar_one_or_none())


def _impatient(url: str) -> str:
    """The same database, without waiting long for a server that says nothing."""
    parsed = make_url(url)
    options = f"{parsed.query.get('options', '')} -c statement_timeout={STATEMENT_MS}".strip()
    wanted = {
        "options": options,
        "connect_timeout": "2",
        "keepalives_idle": "1",
        "keepalives_interval": "1",
        "keepalives_count": "2",
        "tcp_user_timeout": "2000",
    }
    return parsed.update_query_dict(wanted).render_as_string(hide_password=False)
