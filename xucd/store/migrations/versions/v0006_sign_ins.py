"""Sign-ins: each user's generation, and those that have ended before their time."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nullable, as SQLite can add only such a column in place: a table made anew in place of `users`
    # would delete whatever refers to it.
    op.add_column("users", sa.Column("generation", sa.String(length=40), nullable=True))
    users = sa.table("users", sa.column("id"), sa.column("generation"))
    connection = op.get_bind()
    for user_id in connection.scalars(sa.select(users.c.id)).all():
        change = sa.update(users).where(users.c.id == user_id)
        connection.execute(change.values(generation=secrets.token_urlsafe(12)))
    op.create_table(
        "ended_sign_ins",
        sa.Column("sid", sa.String(length=40), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_ended_sign_ins")),
    )


def downgrade() -> None:
    op.drop_table("ended_sign_ins")
    op.drop_column("users", "generation")
