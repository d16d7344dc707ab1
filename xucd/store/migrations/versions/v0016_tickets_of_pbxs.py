"""On which PBX a callback is called, where a centre has several."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pbx = sa.Column("pbx", sa.String(32), nullable=False, server_default="main")
    op.add_column("callback_tickets", pbx)


def downgrade() -> None:
    with op.batch_alter_table("callback_tickets") as batch:
        batch.drop_column("pbx")
