# SPDX-License-Identifier: Apache-2.0
"""The terms on which a member contributed, since when: a change of sector, payer, band or programmes leaves what was before it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Members whose terms changed before have their present ones for all time, as they had until now."""
    op.add_column("members", sa.Column("terms", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("members", "terms")
