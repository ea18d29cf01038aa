"""The application: config → extensions → blueprints → errors, and the front that stands before it all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response

from extensions import database, snapshot
from extensions.cache import ResponseCache
from extensions.cors import Cors
from extensions.migrate import migrate

from . import commands, config, errors, logs, responses
from .addresses import IdConverter
from .front import Front


class Catalog(Flask):
    """Flask whose automatic answer to OPTIONS is 204."""

    def make_default_options_response(self) -> Response:
        allowed = super().make_default_options_response().allow
        return responses.allowing(sorted(allowed))


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The application. `settings` go before those of the environment; raises ``config.BadSetting``."""
    app = Catalog(__name__, static_folder=None)
    app.config.from_mapping(config.from_environment() | config.given(settings or {}))
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    logs.init_app(app)

    cache = ResponseCache(
        app, app.config["INSTANCE_PATH"], app.config["REDIS_URL"] or None, app.config["CACHE_DEFAULT_TIMEOUT"]
    )
    database.init_app(app, config.database_url(app.config), app.config["CONNECTIONS"], on_commit=cache.advance)
    snapshot.init_app(app, max(1, app.config["CONNECTIONS"] // 4))
    migrate.init_app(app, database.db)
    cors = Cors(app, app.config["CORS_ORIGINS"], config.CORS_METHODS, config.CORS_HEADERS, config.CORS_EXPOSED)

    from .authors.routes import authors
    from .books.routes import books
    from .docs import docs
    from .health import health
    from .home import home
    from .suggestions.routes import suggestions
    from .transfer import marks  # noqa: F401 - its table is one of the schema

    for blueprint in (home, health, docs, books, authors, suggestions):
        app.register_blueprint(blueprint)
    errors.init_app(app)
    commands.init_app(app)
    # Judged in front of the cache, and not by Flask once more.
    trusted_hosts, app.config["TRUSTED_HOSTS"] = app.config["TRUSTED_HOSTS"], None
    front = Front(app.wsgi_app, cache, cors, trusted_hosts, passengers=app.config["CONNECTIONS"])
    app.wsgi_app = front  # type: ignore[method-assign]
    return app
