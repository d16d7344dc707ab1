"""The daily counters of callers who asked for a callback, went elsewhere, or went unseen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COUNTERS = ("callbacks", "diverted", "unseen")


def upgrade() -> None:
    with op.batch_alter_table("queue_days") as days:
        for name in COUNTERS:
            days.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("queue_days") as days:
        for name in COUNTERS:
            days.alter_column(name, existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("queue_days") as days:
        for name in COUNTERS:
            days.drop_column(name)
