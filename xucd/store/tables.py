"""The tables, as the code uses them. `migrations` creates them; a test compares the two.

Unique names are unique in the database too. Live facts refer to the configuration with a cascade:
removing an agent or a queue removes its memberships and its station. Daily counters and callbacks'
tickets outlast their agent, since reports are about the past.
"""

import secrets

import msgspec
from msgspec.inspect import StrType, StructType, Type, UnionType
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
)

from xucd.center.directory import MAIN
from xucd.config.entries import CalleeEntry

# In characters. Longer texts are stored without a limit of the database.
MAX_VARCHAR = 255
# Migrations drop and change constraints by name, so names follow a rule.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=False)


def callee_columns() -> list[Column[str]]:
    """A column for each field of `Callee`, as wide as its values may be long."""
    shape = msgspec.inspect.type_info(CalleeEntry)
    assert isinstance(shape, StructType)
    return [Column(field.name, _text_type(field.type)) for field in shape.fields]


def new_generation() -> str:
    """What a user's sign-ins are known by until all of them end: none is ever used again."""
    return secrets.token_urlsafe(12)


def _text_type(kind: Type) -> String:
    """What stores an optional text: `VARCHAR` up to a length that is usual for it, else `TEXT`."""
    assert isinstance(kind, UnionType)
    text = next(part for part in kind.types if isinstance(part, StrType))
    length = text.max_length
    return String(length) if length is not None and length <= MAX_VARCHAR else Text()


groups = Table(
    "groups",
    metadata,
    _id(),
    Column("name", String(100), nullable=False, unique=True),
)
queues = Table(
    "queues",
    metadata,
    _id(),
    Column("name", String(80), nullable=False),
    Column("display_name", String(100), nullable=False),
    Column("number", String(40), nullable=False, unique=True),
    Column("context", String(80), nullable=False),
    Column("wrapup", Integer, nullable=False),
    Column("pbx", String(32), nullable=False, server_default=MAIN),
    UniqueConstraint("pbx", "name"),
)
lines = Table(
    "lines",
    metadata,
    _id(),
    Column("number", String(40), nullable=False, unique=True),
    Column("interface", String(80), nullable=False),
    Column("context", String(80), nullable=False),
    # "" where the interface is the phone's device; the file's reader sees that no two are the same.
    Column("device", String(80), nullable=False, server_default=""),
    Column("pbx", String(32), nullable=False, server_default=MAIN),
    UniqueConstraint("pbx", "interface"),
)
users = Table(
    "users",
    metadata,
    _id(),
    Column("login", String(64), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("first_name", String(100), nullable=False),
    Column("last_name", String(100), nullable=False),
    Column("line_id", ForeignKey("lines.id")),
    Column("profile", String(20)),
    Column("queue_ids", JSON, nullable=False),
    Column("group_ids", JSON, nullable=False),
    Column("rights", JSON, nullable=False),
    Column("mobile_number", String(40)),
    Column("generation", String(40), default=new_generation),
    # Which directory has brought the user; NULL for one of the centre's file.
    Column("origin", String(20)),
    # What the groups of a directory give, in place of profile and rights: `Granted`, or NULL.
    Column("granted", JSON(none_as_null=True)),
)
# The sign-ins that have ended before their time; `until`, an epoch second, is when it would be up.
ended_sign_ins = Table(
    "ended_sign_ins",
    metadata,
    Column("sid", String(40), primary_key=True),
    Column("until", Double, nullable=False),
)
# Which session of a provider of OpenID Connect a sign-in is of.
provider_sign_ins = Table(
    "provider_sign_ins",
    metadata,
    Column("sid", String(40), primary_key=True),
    Column("subject", String(255), nullable=False),
    Column("session", String(255), nullable=False),
    Column("until", Double, nullable=False),
    Column("issued", Double, nullable=False, server_default="0"),
)
# An agent's names and line are its user's.
agents = Table(
    "agents",
    metadata,
    _id(),
    Column("number", String(40), nullable=False, unique=True),
    Column("group_id", ForeignKey("groups.id"), nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("context", String(80), nullable=False),
)
memberships = Table(
    "memberships",
    metadata,
    Column("agent_id", ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True),
    Column("queue_id", ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True),
    Column("penalty", Integer, nullable=False),
)
default_memberships = Table(
    "default_memberships",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("queue_id", ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True),
    Column("penalty", Integer, nullable=False),
)
stations = Table(
    "stations",
    metadata,
    Column("agent_id", ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("logged_in", Boolean, nullable=False),
    Column("since", Double, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("settled", Boolean, nullable=False),
)
agent_days = Table(
    "agent_days",
    metadata,
    Column("agent_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("paused_s", Double, nullable=False),
    Column("wrapup_s", Double, nullable=False),
    Column("ready_s", Double, nullable=False),
    Column("login_at", Double),
    Column("logout_at", Double),
    Column("inbound_calls", Integer, nullable=False),
    Column("inbound_answered", Integer, nullable=False),
    Column("inbound_unanswered", Integer, nullable=False),
    Column("inbound_talk_s", Double, nullable=False),
    Column("inbound_ring_s", Double, nullable=False),
    Column("outbound_calls", Integer, nullable=False),
    Column("outbound_talk_s", Double, nullable=False),
)
# `waiting` is {unique id: epoch second}: the callers counted as entered whose end is not known yet.
queue_days = Table(
    "queue_days",
    metadata,
    Column("queue_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("entered", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("abandoned", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("timed_out", Integer, nullable=False),
    Column("callbacks", Integer, nullable=False),
    Column("diverted", Integer, nullable=False),
    Column("unseen", Integer, nullable=False),
    Column("answered_soon", Integer, nullable=False),
    Column("abandoned_late", Integer, nullable=False),
    Column("waiting", JSON, nullable=False),
)
# What was under way when the day's figures were written last: the shown state, whose time is
# counted from `since` to `until`, and the phone's calls, as `xucd.center.under_way` has them. No
# foreign key: a write of many agents must not fail for one that was removed meanwhile.
agents_under_way = Table(
    "agents_under_way",
    metadata,
    Column("agent_id", Integer, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("calls", JSON, nullable=False),
)
# Times in which xucd heard nothing of a PBX; `ended` and `source` are null until it is known what
# the figures have of it. `calls` is {queue id: calls found}. Times are epoch seconds.
gaps = Table(
    "gaps",
    metadata,
    Column("uuid", Uuid, primary_key=True),
    Column("began", Double, nullable=False, index=True),
    Column("ended", Double),
    Column("why", String(20), nullable=False),
    Column("source", String(20)),
    Column("calls", JSON, nullable=False),
    Column("pbx", String(32), nullable=False, server_default=MAIN),
)
callback_periods = Table(
    "callback_periods",
    metadata,
    Column("uuid", Uuid, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("start", Time, nullable=False),
    Column("end", Time, nullable=False),
    Column("default", Boolean, nullable=False),
)
callback_lists = Table(
    "callback_lists",
    metadata,
    Column("uuid", Uuid, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("queue_id", ForeignKey("queues.id", ondelete="CASCADE"), nullable=False),
    Column("caller_id", String(40)),
)
callback_requests = Table(
    "callback_requests",
    metadata,
    Column("uuid", Uuid, primary_key=True),
    Column(
        "list_uuid",
        ForeignKey("callback_lists.uuid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    *callee_columns(),
    Column("agent_id", ForeignKey("agents.id", ondelete="SET NULL")),
    Column("due_date", Date, nullable=False),
    Column("period_uuid", ForeignKey("callback_periods.uuid", ondelete="SET NULL")),
    Column("clotured", Boolean, nullable=False),
    Column("voice_message_ref", String(200), index=True),
    Column("created", Double),
)
# A ticket outlasts its request, its list and its agent: no foreign keys. Times are epoch seconds.
callback_tickets = Table(
    "callback_tickets",
    metadata,
    Column("uuid", Uuid, primary_key=True),
    Column("request_uuid", Uuid, nullable=False, index=True),
    Column("list_uuid", Uuid, nullable=False, index=True),
    Column("queue_id", Integer, nullable=False),
    Column("agent_id", Integer),
    Column("phone_number", String(40), nullable=False),
    Column("started", Double, nullable=False),
    Column("answered", Double),
    Column("ended", Double),
    Column("duration", Double),
    Column("failure", String(40)),
    Column("status", String(20)),
    Column("comment", Text),
    Column("due_date", Date),
    Column("period_uuid", Uuid),
    Column("pbx", String(32), nullable=False, server_default=MAIN),
)
# Append-only: triggers refuse every change, and every deletion but that of what has expired. Names
# are as they were then: no foreign keys. An id is never used again.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("user_id", Integer),
    Column("login", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("session", String(64), nullable=False),
    Column("targets", JSON, nullable=False),
    Column("detail", JSON, nullable=False),
)
# The node that owns a PBX, until a moment by the database's clock. `number` is another with each.
# `unreached` is since when it has not reached its Asterisk.
pbx_owners = Table(
    "pbx_owners",
    metadata,
    Column("pbx", String(32), primary_key=True),
    Column("node", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("until", Double, nullable=False),
    Column("unreached", Double),
)
# Where an agent is logged in, or was last; of one without a row, its line says so. `number` grows
# with every change of any of them.
agent_homes = Table(
    "agent_homes",
    metadata,
    Column("agent_id", ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True),
    Column("pbx", String(32), nullable=False),
    Column("number", BigInteger, nullable=False, unique=True),
)
meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
