"""The PBX where an agent is logged in, or was last."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_homes",
        sa.Column("agent_id", sa.Integer, nullable=False),
        sa.Column("pbx", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name="fk_agent_homes_agent_id_agents",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("agent_id", name="pk_agent_homes"),
        sa.UniqueConstraint("number", name="uq_agent_homes_number"),
    )


def downgrade() -> None:
    op.drop_table("agent_homes")
