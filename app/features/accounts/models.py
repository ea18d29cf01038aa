"""The tables of accounts, tokens, one-time links and failed sign-ins.

Secrets are stored as SHA-256 digests: they have 256 random bits, so a digest cannot be reversed. Passwords are hashed
with argon2id. No field declares these columns, so no filter, sort, search or response can reach them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    column,
    func,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns.indexes import timestamp_indexes
from app.core.columns.timestamps import created_at_column, updated_at_column
from app.core.fields import Boolean, Choice, Field, Id, Line, described
from app.http.access.rights import ROLES
from extensions.database import db

from .fields import Email

NAME_LONGEST = 1000  # characters


class Account(db.Model):  # type: ignore[name-defined]
    """A row of ``accounts``."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        primary_key=True,
        info=described(Field(Id(), "The account's id", 3, read_only=True, filters=True, sorts=True)),
    )
    email: Mapped[str] = mapped_column(
        Text,
        info=described(
            Field(Email(), "The e-mail address, as it was first written", "ann@example.com", read_only=True)
        ),
    )
    email_key: Mapped[str] = mapped_column(Text(collation="C"))  # folded: equal addresses are one account
    name: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Line(NAME_LONGEST), "The name to show for the account", "Ann"))
    )
    role: Mapped[str] = mapped_column(
        Text,
        info=described(Field(Choice(*ROLES), "What the account may do", "editor", required=True, filters=True)),
    )
    disabled: Mapped[bool] = mapped_column(
        server_default=sql("false"),
        info=described(
            Field(
                Boolean(),
                "Whether the account can neither sign in nor use its tokens",
                False,
                required=True,
                filters=True,
            )
        ),
    )
    password_hash: Mapped[str] = mapped_column(Text, deferred=True)
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = updated_at_column()

    __table_args__: Any = (
        CheckConstraint("role IN ('reader', 'editor', 'admin')", name="role_known"),
        CheckConstraint("email <> '' AND email_key <> ''", name="email_not_empty"),
        Index("uq_accounts_email_key", column("email_key"), unique=True),
        Index("ix_accounts_admins", column("id"), postgresql_where=sql("role = 'admin' AND NOT disabled")),
        *timestamp_indexes("accounts"),
    )

    def __repr__(self) -> str:
        return f"<Account {self.id}>"  # without the address, because it may be logged


class Token(db.Model):  # type: ignore[name-defined]
    """A row of ``tokens``: a session or a key. A revoked token has no row."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(Text)  # "session" or "key"
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)  # its last four characters
    name: Mapped[str | None] = mapped_column(Text)  # of a key
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # of a key
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__: Any = (
        Index("uq_tokens_digest", column("digest"), unique=True),
        CheckConstraint("kind IN ('session', 'key')", name="kind_known"),
        CheckConstraint("(kind = 'key') = (name IS NOT NULL AND scopes IS NOT NULL)", name="key_has_scopes"),
    )


class OneTimeLink(db.Model):  # type: ignore[name-defined]
    """A row of ``one_time_links``: the secret of a link to reset a password, or to set up the first administrator."""

    __tablename__ = "one_time_links"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)  # "reset" or "setup"
    # None for the first administrator, and for a reset of an unknown address, which is stored so that it takes as long.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)

    __table_args__: Any = (CheckConstraint("purpose IN ('reset', 'setup')", name="purpose_known"),)


class FailedSignIn(db.Model):  # type: ignore[name-defined]
    """A row of ``failed_sign_ins``, kept as long as it counts.

    The address that was typed is stored as a digest, because people also type passwords there.
    """

    __tablename__ = "failed_sign_ins"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email_digest: Mapped[bytes] = mapped_column(LargeBinary)
    client: Mapped[str] = mapped_column(Text)  # the network address, of IPv6 its /64
    # The account of the address, for history. A foreign key would take longer for an address that has one.
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    failed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)

    __table_args__: Any = (
        Index("ix_failed_sign_ins_email_digest", column("email_digest"), column("failed_at")),
        Index("ix_failed_sign_ins_client", column("client"), column("failed_at")),
    )
