"""Triggers record every change of accounts and tokens, and every failed sign-in, without secrets."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Without secrets: of a password only that it was changed. What an account wrote is erased with it.
ACCOUNTS = r"""
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
        IF OLD.password_hash <> NEW.password_hash THEN
            old := old || '{"password": null}';
            new_values := new_values || '{"password": "changed"}';
        END IF;
        IF old = new_values THEN
            RETURN NULL;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE changes SET before = NULL, after = NULL WHERE resource = 'accounts' AND record_id = OLD.id;
        UPDATE changes SET before = NULL, after = NULL FROM revisions
        WHERE account_id = OLD.id AND revision_id = revisions.id AND resource = 'tokens';
    END IF;
    SELECT * INTO reserved FROM reserve_changes(1);
    INSERT INTO changes AS change (revision_id, record_id, ordinal, resource, op, before, after)
    VALUES (reserved.revision, CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END, reserved.first, 'accounts',
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END::change_op,
        CASE TG_OP WHEN 'UPDATE' THEN differing(old, new_values) END,
        CASE TG_OP WHEN 'UPDATE' THEN differing(new_values, old) END)
    ON CONFLICT (record_id, resource, revision_id) DO UPDATE SET
        op = CASE excluded.op WHEN 'deleted' THEN 'deleted' ELSE change.op END,
        before = excluded.before || change.before, after = change.after || excluded.after;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_account AFTER INSERT OR UPDATE OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION record_account();

-- Of a token and a failed sign-in, all that is known is in the change, because no other resource shows it later. The
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
        CASE TG_OP WHEN 'DELETE' THEN facts END, CASE TG_OP WHEN 'INSERT' THEN facts END
    FROM jsonb_build_object('account_id', token.account_id, 'kind', token.kind, 'name', token.name,
        'scopes', token.scopes, 'expires_at', token.expires_at) AS facts
    ON CONFLICT (record_id, resource, revision_id) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_token AFTER INSERT OR DELETE ON tokens FOR EACH ROW EXECUTE FUNCTION record_token();

CREATE FUNCTION record_failed_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
BEGIN
    SELECT * INTO reserved FROM reserve_changes(1);
    INSERT INTO changes (revision_id, record_id, ordinal, resource, op, after)
    VALUES (reserved.revision, NEW.id, reserved.first, 'failed_sign_ins', 'created',
        jsonb_build_object('client', NEW.client));
    RETURN NULL;
END
$$;
CREATE TRIGGER record_failed_sign_in AFTER INSERT ON failed_sign_ins
    FOR EACH ROW EXECUTE FUNCTION record_failed_sign_in();
"""


def upgrade() -> None:
    op.execute(ACCOUNTS)


def downgrade() -> None:
    for function in ("record_account()", "record_token()", "record_failed_sign_in()"):
        op.execute(f"DROP FUNCTION {function} CASCADE")
