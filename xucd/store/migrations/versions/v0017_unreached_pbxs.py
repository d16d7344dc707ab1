"""Since when the owner of a PBX has not reached its Asterisk."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pbx_owners", sa.Column("unreached", sa.Double))


def downgrade() -> None:
    with op.batch_alter_table("pbx_owners") as batch:
        batch.drop_column("unreached")
