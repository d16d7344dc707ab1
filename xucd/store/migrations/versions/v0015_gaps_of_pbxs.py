"""Which PBX nothing was heard of, where a centre has several."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pbx = sa.Column("pbx", sa.String(32), nullable=False, server_default="main")
    op.add_column("gaps", pbx)


def downgrade() -> None:
    with op.batch_alter_table("gaps") as batch:
        batch.drop_column("pbx")
