"""The table of stations, which was called `seats`."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _move("seats", "stations")


def downgrade() -> None:
    _move("stations", "seats")


def _move(old: str, new: str) -> None:
    # Not renamed: SQLite would keep the names of the constraints, which hold the table's old one.
    rows = op.create_table(
        new,
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("logged_in", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f(f"fk_{new}_agent_id_agents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["lines.id"], name=op.f(f"fk_{new}_line_id_lines"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", name=op.f(f"pk_{new}")),
    )
    names = [column.name for column in rows.columns]
    before = sa.table(old, *map(sa.column, names))
    op.execute(rows.insert().from_select(names, sa.select(before)))
    op.drop_table(old)
