"""On which PBX lines and queues are, where a centre has several."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Each table with what names its rows to Asterisk, which is unique on one PBX.
NAMED = {"queues": "name", "lines": "interface"}


def upgrade() -> None:
    for table, column in NAMED.items():
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("pbx", sa.String(32), nullable=False, server_default="main"))
            batch.drop_constraint(f"uq_{table}_{column}", type_="unique")
            batch.create_unique_constraint(f"uq_{table}_pbx", ["pbx", column])


def downgrade() -> None:
    for table, column in NAMED.items():
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(f"uq_{table}_pbx", type_="unique")
            batch.drop_column("pbx")
            batch.create_unique_constraint(f"uq_{table}_{column}", [column])
