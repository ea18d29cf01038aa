"""Triggers record every change of accounts and tokens, and every failed sign-in, without secrets."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Without secrets: of a password only that it was changed. When an account is deleted, the values in all changes of it
# and of its tokens are erased, also of those by others. The deletions of its tokens are recorded later, without values.
ACCOUNTS = r"""
-- Of the account that a change of a token is about.
CREATE INDEX ix_changes_account_of_token ON changes ((coalesce(after, before) ->> 'account_id'))
    WHERE resource = 'tokens';

CREATE FUNCTION record_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
    old jsonb := '{}';
    new_values jsonb := '{}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        old := jsonb_build_object('email', OLD.email, 'name', OLD.name, 'role', OLD.role, 'disabled', OLD.disabled);
        new_values :=
            jsonb_build_object('email', NEW.email, 'name', NEW.name, 'role', NEW.role, 'disabled', NEW.disabled);
        -- A sign-in hashes the same password again when the parameters of the hash are old.
        IF OLD.password_hash <> NEW.password_hash
                AND coalesce(current_setting('catalog.is_rehashing', true), '') <> 'on' THEN
            old := old || '{"password": null}';
            new_values := new_values || '{"password": "changed"}';
        END IF;
        IF old = new_values THEN
            RETURN NULL;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE changes SET before = NULL, after = NULL WHERE resource = 'accounts' AND record_id = OLD.id;
        UPDATE changes SET before = NULL, after = NULL
        WHERE resource = 'tokens' AND coalesce(after, before) ->> 'account_id' = OLD.id::text;
    END IF;
    SELECT * INTO reserved FROM reserve_changes(1);
    INSERT INTO changes AS change (revision_id, record_id, ordinal, resource, op, before, after)
    VALUES (reserved.revision, CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END, reserved.first, 'accounts',
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END::change_op,
        CASE TG_OP WHEN 'UPDATE' THEN differing(old, new_values) END,
        CASE TG_OP WHEN 'UPDATE' THEN differing(new_values, old) END)
    ON CONFLICT (record_id, resource, revision_id) DO UPDATE SET
        op = CASE excluded.op WHEN 'deleted' THEN 'deleted' ELSE change.op END,
        before = differing(excluded.before || change.before, change.after || excluded.after),
        after = differing(change.after || excluded.after, excluded.before || change.before);
    RETURN NULL;
END
$$;
CREATE TRIGGER record_account AFTER INSERT OR UPDATE OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION record_account();

-- A change of a token or a failed sign-in has all values, because no other resource shows them later. The
-- use of a token is no change, nor is its removal after it has expired.
CREATE FUNCTION record_token() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
    token record;
BEGIN
    token := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    IF token.expires_at <= now() THEN
        RETURN NULL;
    END IF;
    SELECT * INTO reserved FROM reserve_changes(1);
    INSERT INTO changes (revision_id, record_id, ordinal, resource, op, before, after)
    SELECT reserved.revision, token.id, reserved.first, 'tokens',
        CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'created' END::change_op,
        CASE WHEN TG_OP = 'DELETE' AND EXISTS (SELECT FROM accounts WHERE id = token.account_id) THEN facts END,
        CASE TG_OP WHEN 'INSERT' THEN facts END
    FROM jsonb_build_object('account_id', token.account_id, 'kind', token.kind, 'name', token.name,
        'scopes', token.scopes, 'expires_at', token.expires_at) AS facts
    ON CONFLICT (record_id, resource, revision_id) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_token AFTER INSERT OR DELETE ON tokens FOR EACH ROW EXECUTE FUNCTION record_token();

-- The address that was typed is in no change, not even as a digest, but its account is, if it has one. A row without
-- a client only counts: it is beside one with a client.
ALTER TABLE failed_sign_ins ADD COLUMN account_id BIGINT;
CREATE FUNCTION record_failed_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
BEGIN
    IF NEW.client = '' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO reserved FROM reserve_changes(1);
    INSERT INTO changes (revision_id, record_id, ordinal, resource, op, after)
    VALUES (reserved.revision, NEW.id, reserved.first, 'failed_sign_ins', 'created',
        jsonb_build_object('client', NEW.client, 'account_id', NEW.account_id));
    RETURN NULL;
END
$$;
CREATE TRIGGER record_failed_sign_in AFTER INSERT ON failed_sign_ins
    FOR EACH ROW EXECUTE FUNCTION record_failed_sign_in();

-- For the audit: the rare kinds of changes, which imports do not make.
CREATE INDEX ix_changes_rare ON changes (resource, op, revision_id)
    WHERE resource NOT IN ('books', 'authors') OR op NOT IN ('created', 'updated');
CREATE INDEX ix_revisions_via ON revisions (via, position);
"""


def upgrade() -> None:
    op.execute(ACCOUNTS)


def downgrade() -> None:
    for function in ("record_account()", "record_token()", "record_failed_sign_in()"):
        op.execute(f"DROP FUNCTION {function} CASCADE")
    op.execute("ALTER TABLE failed_sign_ins DROP COLUMN account_id")
    op.execute("DROP INDEX ix_changes_account_of_token, ix_changes_rare, ix_revisions_via")
