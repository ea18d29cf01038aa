"""The responses of requests with an Idempotency-Key are stored, so that a retry gets them."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE idempotency_keys (
            account_id BIGINT NOT NULL,
            digest BYTEA NOT NULL,
            fingerprint BYTEA NOT NULL,
            status SMALLINT NOT NULL,
            headers JSONB NOT NULL,
            body BYTEA NOT NULL,
            created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
            CONSTRAINT pk_idempotency_keys PRIMARY KEY (account_id, digest)
        );
        CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
        """
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys")
