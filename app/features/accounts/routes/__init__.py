"""The routes of accounts, tokens and passwords."""

from __future__ import annotations

from flask import Blueprint
from flask.sansio.blueprints import BlueprintSetupState

from app.features.accounts import models  # noqa: F401 - the tables are part of the schema
from app.features.accounts.credentials.identities import TokenIdentities
from app.features.accounts.mail.mailer import MAILER, Mailer
from app.http.access.identity import IDENTITIES
from extensions.cache import CACHE

identities = Blueprint("identities", __name__)


@identities.record
def identify_by_tokens(state: BlueprintSetupState) -> None:
    """Let tokens identify the requests of an application, and let it send mail."""
    app = state.app
    context = app.app_context  # type: ignore[attr-defined]
    app.extensions[IDENTITIES] = TokenIdentities(app.extensions[CACHE], app.config["ANONYMOUS"], context)
    app.extensions[MAILER] = Mailer.from_settings(app.config)
