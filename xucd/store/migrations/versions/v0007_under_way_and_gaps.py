"""What is under way beside the day's figures, and the gaps in which nothing was heard."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agents_under_way",
        sa.Column("agent_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agents_under_way")),
    )
    op.create_table(
        "gaps",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("began", sa.Double(), nullable=False),
        sa.Column("ended", sa.Double()),
        sa.Column("why", sa.String(20), nullable=False),
        sa.Column("source", sa.String(20)),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_gaps")),
    )
    op.create_index(op.f("ix_gaps_began"), "gaps", ["began"])


def downgrade() -> None:
    op.drop_table("gaps")
    op.drop_table("agents_under_way")
