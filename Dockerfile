# syntax=docker/dockerfile:1

# What pip installs, in a virtual environment that the second stage copies: the image carries no build leftovers.
FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt constraints.txt /tmp/
RUN /opt/venv/bin/pip install -q -r /tmp/requirements.txt -c /tmp/constraints.txt

FROM python:3.11-slim-bookworm AS application
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_STATIC_ROOT=/srv/static \
    HOST=0.0.0.0 \
    PORT=8000
RUN groupadd --system --gid 10001 valuation \
 && useradd --system --uid 10001 --gid valuation --home-dir /srv/valuation --no-create-home valuation \
 && install -d -o valuation -g valuation -m 0700 /srv/data
WORKDIR /srv/valuation
COPY --from=packages /opt/venv /opt/venv
COPY . .
# Collecting reads the settings, which want a key and an address; neither is used or kept.
RUN python -m compileall -q banks reports tenants valuation \
 && DJANGO_SECRET_KEY=for-this-one-command-of-the-build-and-nothing-else \
    MONGODB_URI=mongodb://127.0.0.1:9/ \
    python manage.py collectstatic --noinput -v 0
USER valuation
EXPOSE 8000
# /healthz says whether the process serves; whether the databases do is /readyz, which must not restart it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["gunicorn", "valuation.wsgi:application"]
