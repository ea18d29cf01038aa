# The catalog as a container: the packages of production, the code, an ordinary user, gunicorn.
FROM python:3.13-slim AS packages
COPY requirements.txt requirements-tracing.txt /
# The packages for traces have 13 MB; the service loads them only where OTEL_EXPORTER_OTLP_ENDPOINT is set.
RUN python3 -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --only-binary :all: --require-hashes \
      --requirement /requirements.txt --requirement /requirements-tracing.txt

FROM python:3.13-slim
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin catalog \
 && install -d -o catalog -g catalog /instance
COPY --from=packages /venv /venv
WORKDIR /catalog
COPY . .
RUN python3 -m compileall -q . && ln -s /catalog/catalog /usr/local/bin/catalog
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CATALOG_COMMAND=catalog \
    FLASK_APP=wsgi \
    FLASK_SKIP_DOTENV=1 \
    INSTANCE_PATH=/instance \
    HOST=0.0.0.0 \
    PORT=8000
USER catalog
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}{os.environ.get(\"URL_PREFIX\", \"\")}/health/ready', timeout=4)"]
CMD ["gunicorn", "--config", "gunicorn.conf.py"]
