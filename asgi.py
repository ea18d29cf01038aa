"""The ASGI application, which gunicorn serves with the settings in ``gunicorn.conf.py``."""

from app import create_app
from app.http.bridge import Bridge
from app.http.middleware.log import observation
from extensions.database.limiter import MOST_WAITING
from extensions.telemetry.metrics import METRICS, Metrics

catalog = create_app()
# More threads than connections to the database: health, 404 and reads by id do not wait behind writes and slow reads,
# of which the limiter lets some wait. For each connection, one thread may use it and another one wait for a response.
THREADS = MOST_WAITING + 2 * catalog.config["CONNECTIONS"] + 8

metrics: Metrics | None = catalog.extensions.get(METRICS)
if metrics:
    metrics.share()
observation.start(catalog)
front, body_bytes = catalog.extensions["catalog.front"], catalog.config["MAX_CONTENT_LENGTH"]
app = Bridge(front, THREADS, body_bytes, observation.end(catalog))
