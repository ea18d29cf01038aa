"""The rights of an import job, judged again when it runs."""

from __future__ import annotations

from flask import current_app

from app.http.access.identity import IDENTITIES, Identities
from app.http.access.rights import Role
from extensions.jobs import JobFailed


def require_right(account_id: int | None) -> None:
    """Raise `JobFailed` unless the account, or a client without one, may write now. Raises `DatabaseUnavailable`."""
    identities: Identities = current_app.extensions[IDENTITIES]
    if account_id is None:
        if not identities.may_anyone_write():
            raise JobFailed("This service no longer accepts imports without an account. Sign in and import again.")
        return
    role = identities.role_of(account_id)
    if role == Role.NONE:
        raise JobFailed("The account of this import was deleted or disabled. Import the file with another account.")
    if role < Role.EDITOR:
        raise JobFailed(
            "The account of this import may no longer write. Ask an administrator for the role editor, then import the "
            "file again."
        )
