"""When the provider signed its users in: a logout ends no sign-in that began after it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of those from before it is not known: any logout ends them.
    op.add_column(
        "provider_sign_ins", sa.Column("issued", sa.Double, nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("provider_sign_ins", "issued")
