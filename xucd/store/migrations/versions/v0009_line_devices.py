"""The device of a line's phone, where the line's members are called by another interface."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No batch: it would copy the table, to which users and stations refer.
    device = sa.Column("device", sa.String(80), nullable=False, server_default="")
    op.add_column("lines", device)


def downgrade() -> None:
    op.drop_column("lines", "device")
