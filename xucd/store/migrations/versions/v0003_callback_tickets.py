"""Tickets of callbacks, callbacks that a message was left for, and the numbers that lists show."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: that would put another table in place of this one, and its requests would go.
    op.add_column("callback_lists", sa.Column("caller_id", sa.String(length=40), nullable=True))
    with op.batch_alter_table("callback_requests") as requests:
        requests.alter_column("phone_number", existing_type=sa.String(length=40), nullable=True)
        requests.add_column(sa.Column("voice_message_ref", sa.String(length=200), nullable=True))
        requests.add_column(sa.Column("created", sa.Double(), nullable=True))
        requests.create_index(
            op.f("ix_callback_requests_voice_message_ref"), ["voice_message_ref"], unique=False
        )
    op.create_table(
        "callback_tickets",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("request_uuid", sa.Uuid(), nullable=False),
        sa.Column("list_uuid", sa.Uuid(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("phone_number", sa.String(length=40), nullable=False),
        sa.Column("started", sa.Double(), nullable=False),
        sa.Column("answered", sa.Double(), nullable=True),
        sa.Column("ended", sa.Double(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("period_uuid", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_callback_tickets")),
    )
    for column in ("request_uuid", "list_uuid"):
        name = op.f(f"ix_callback_tickets_{column}")
        op.create_index(name, "callback_tickets", [column], unique=False)


def downgrade() -> None:
    op.drop_table("callback_tickets")
    with op.batch_alter_table("callback_requests") as requests:
        requests.drop_index(op.f("ix_callback_requests_voice_message_ref"))
        requests.drop_column("created")
        requests.drop_column("voice_message_ref")
        requests.alter_column("phone_number", existing_type=sa.String(length=40), nullable=False)
    op.drop_column("callback_lists", "caller_id")
