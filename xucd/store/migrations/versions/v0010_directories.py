"""What directories (OpenID Connect, LDAP) say of users, and which sign-ins came from a provider."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No batch: it would copy the table, to which agents refer.
    op.add_column("users", sa.Column("origin", sa.String(20)))
    op.add_column("users", sa.Column("granted", sa.JSON))
    op.create_table(
        "provider_sign_ins",
        sa.Column("sid", sa.String(40), primary_key=True),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("session", sa.String(255), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("provider_sign_ins")
    op.drop_column("users", "granted")
    op.drop_column("users", "origin")
