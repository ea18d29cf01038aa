"""The application: configuration, extensions, features, error handlers, and the middleware around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.utils import import_string

from extensions import jobs
from extensions.cache import CACHE, create_cache
from extensions.cors import Cors
from extensions.database import db, engine, migrate, snapshot
from extensions.origins import ORIGINS, Origins
from extensions.rate_limits import create_rate_limiter

from . import cli, config
from .core.fields.converters import IdConverter
from .core.formats import MEDIA_TYPES
from .core.records.idempotency import once
from .features.operations.metrics.service import request_observers
from .http.access import cause, gate
from .http.access.audience import uncached_paths
from .http.access.identity import IDENTITIES
from .http.body import is_streaming, streaming_routes
from .http.headers.idempotency_key import IDEMPOTENCY_KEY
from .http.middleware import error_handlers
from .http.middleware.front import Front
from .http.middleware.log import observation, setup
from .http.middleware.rate_limit import RateLimit
from .http.middleware.request_record import note_routes
from .http.responses import options_response
from .http.urls import current_route

# The blueprints of everything that has routes. To add a feature, add a folder and a line here.
FEATURES = (
    "app.books.routes.books",
    "app.authors.routes.authors",
    "app.features.accounts.routes.identities",
    "app.features.accounts.routes.accounts.accounts",
    "app.features.accounts.routes.me.me",
    "app.features.accounts.routes.setup.setup",
    "app.features.accounts.routes.tokens.tokens",
    "app.features.accounts.routes.passwords.passwords",
    "app.features.suggest.routes.suggestions",
    "app.features.facets.routes.facets",
    "app.features.duplicates.routes.duplicates",
    "app.features.merges.routes.merges",
    "app.features.history.audit.routes.audit",
    "app.features.history.routes.changes",
    "app.features.history.record.routes.record_history",
    "app.features.favorites.routes.categories.categories",
    "app.features.favorites.routes.favorites.favorites",
    "app.transfer.uploads.routes.imports",
    "app.features.operations.metrics.routes.metrics",
    "app.features.operations.profile.routes.profiles",
    "app.features.operations.statements.routes.statements",
    "app.features.service.docs.docs",
    "app.features.service.home.home",
    "app.features.service.health.health",
)

# The kinds of background jobs.
JOB_KINDS: tuple[str, ...] = (
    "app.transfer.import_job.IMPORT",
    "app.transfer.import_job.ANALYZE",
    "extensions.jobs.expiry.OLD_JOBS",
    "app.transfer.uploads.files.removal.REMOVE_IMPORT_FILES",
    "app.books.stale_search.STALE_SEARCH",
    "app.features.accounts.mail.jobs.MAIL",
    "app.features.history.feed.retention.PRUNE_CHANGES",
    "app.core.records.idempotency.EXPIRED_KEYS",
    "app.features.accounts.credentials.expiry.TOKENS",
    "app.features.accounts.credentials.expiry.ONE_TIME_LINKS",
    "app.features.accounts.credentials.expiry.FAILED_SIGN_INS",
    "app.transfer.imports.load.checkpoint.ABANDONED_IMPORTS",
)


class CatalogApp(Flask):
    """Flask with 204 as the automatic response to OPTIONS, and with idempotency keys."""

    def dispatch_request(self) -> ResponseReturnValue:
        is_keyed = request.method == "POST" and IDEMPOTENCY_KEY in request.headers
        is_routed = request.routing_exception is None
        if is_keyed and is_routed and not is_streaming(self.view_functions[request.endpoint or ""]):
            return once(super().dispatch_request)
        return super().dispatch_request()

    def make_default_options_response(self) -> Response:
        allowed = super().make_default_options_response().allow
        return options_response(sorted(allowed))


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Return the application. `settings` override the environment. Raises ``config.BadSetting``."""
    app = CatalogApp(__name__, static_folder=None)
    app.config.from_mapping(config.from_environment() | config.from_python(settings or {}))
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    setup.init_app(app)

    cache = app.extensions[CACHE] = create_cache(
        app, app.config["INSTANCE_PATH"], app.config["REDIS_URL"] or None, app.config["CACHE_DEFAULT_TIMEOUT"]
    )
    app.extensions[ORIGINS] = Origins(app.config["INSTANCE_PATH"], current_route)
    engine.init_app(
        app,
        config.database_url(app.config),
        app.config["CONNECTIONS"],
        on_commit=cache.advance,
        on_loss=config.restart_database(app.config),
        cause=cause.current_cause,
    )
    snapshot.init_app(app, max(1, app.config["CONNECTIONS"] // 4))
    migrate.init_app(app, db)
    cors = Cors(app, app.config["CORS_ORIGINS"], config.CORS_METHODS, config.CORS_HEADERS, config.CORS_EXPOSED)

    from .features.history import tables  # noqa: F401 - they are part of the schema
    from .transfer.imports.load import checkpoint  # noqa: F401 - its table is part of the schema

    for feature in FEATURES:
        app.register_blueprint(import_string(feature), cli_group=cli.GROUP)
    jobs.init_app(app, app.config["REDIS_URL"], app.config["INSTANCE_PATH"] / "jobs")
    for kind in JOB_KINDS:
        jobs.add_kind(app, import_string(kind))
    error_handlers.init_app(app, config.CORS_METHODS)
    note_routes(app)
    gate.init_app(app, app.config["CORS_ORIGINS"])
    gate.require_declared_rights(app)
    cause.init_app(app)
    cli.init_app(app)
    # The middleware checks the host before it reads the cache; Flask would check it a second time.
    trusted_hosts, app.config["TRUSTED_HOSTS"] = app.config["TRUSTED_HOSTS"], None
    waiting, prefix = app.config["CONNECTIONS"], app.config["URL_PREFIX"]
    identities, uncached = app.extensions[IDENTITIES], uncached_paths(app)
    limiter = create_rate_limiter(
        app.config["RATE_LIMIT"], app.config["INSTANCE_PATH"], app.config["REDIS_URL"] or None
    )
    front = Front(
        app.wsgi_app,
        cache,
        cors,
        trusted_hosts,
        MEDIA_TYPES,
        waiting,
        identities,
        uncached,
        RateLimit(limiter),
        observation.create(app, request_observers(app)),
        prefix,
        streaming_routes(app),
        app.config["METRICS_PORT"],
    )
    app.wsgi_app = app.extensions["catalog.front"] = front  # type: ignore[method-assign]
    return app
