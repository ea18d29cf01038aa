"""The tables of history, which triggers fill (migrations 0009 to 0011).

A transaction that changes something has one row in ``revisions``, and each record that it changes one in ``changes``.
Positions are given after the commit, by the function ``number_changes``: a change has the position of its revision
plus its ordinal.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    Identity,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from extensions.database import db

RESOURCES = ("books", "authors", "accounts", "tokens", "failed_sign_ins", "migrations")
CATALOG_RESOURCES = ("books", "authors")  # in the public feed; all of them are in the audit
VIAS = ("api", "page", "import", "cli", "sql")
OPS = ("created", "updated", "deleted", "merged", "unmerged")

REVISIONS = Table(
    "revisions",
    db.metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("position", BigInteger),  # of its first change; NULL until `number_changes` runs after the commit
    Column("size", Integer),  # number of positions, given with the position
    Column("at", DateTime(timezone=True), server_default=func.clock_timestamp(), nullable=False),
    # There is no foreign key to accounts: the changes of a deleted account stay.
    Column("account_id", BigInteger),
    Column("via", Text, nullable=False),  # one of `VIAS`
    Column("request_id", Text),
    Column("note", Text),
    Index("uq_revisions_position", "position", unique=True),
    Index("ix_revisions_unnumbered", "id", postgresql_where=text("position IS NULL")),
    Index("ix_revisions_account_id", "account_id", "position", postgresql_where=text("account_id IS NOT NULL")),
    Index("ix_revisions_at", "at"),
    Index("ix_revisions_via", "via", "position"),
)

_places = Sequence("changes_place_seq", metadata=db.metadata)
CHANGES = Table(
    "changes",
    db.metadata,
    Column("revision_id", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", BigInteger, nullable=False),
    # Increases over all transactions: of two that changed one record, the later one has the higher last place.
    Column("place", BigInteger, _places, server_default=_places.next_value(), nullable=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),  # from 0 within the revision
    Column("resource", Enum(*RESOURCES, name="change_resource"), nullable=False),
    Column("op", Enum(*OPS, name="change_op"), nullable=False),
    # Of an update, the changed fields; `before` also has the former `updated_at`, which is not a change by itself.
    # Of a deletion, the whole record in `before`. Lists of contributors are without names. An empty `after` is an
    # update that its own transaction reverted.
    Column("before", JSONB),
    Column("after", JSONB),
    Index("uq_changes_record_id_resource_revision_id", "record_id", "resource", "revision_id", unique=True),
    Index(
        "ix_changes_account_of_token",
        text("(coalesce(after, before) ->> 'account_id')"),
        postgresql_where=text("resource = 'tokens'"),
    ),
    # The rare kinds of changes, which imports do not make.
    Index(
        "ix_changes_rare",
        *("resource", "op", "revision_id"),
        postgresql_where=text("resource NOT IN ('books', 'authors') OR op NOT IN ('created', 'updated')"),
    ),
)

CHANGE_FEED = Table(
    "change_feed",
    db.metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("last_position", BigInteger, server_default=text("0"), nullable=False),
    Column("pruned_position", BigInteger, server_default=text("0"), nullable=False),  # changes up to it were deleted
    CheckConstraint("only_row", name="only_row"),
)
