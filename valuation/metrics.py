"""What Prometheus asks for, answered before anything else: no host check, no session, no organization."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotFound
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from tenants.mongodb.monitoring import measures
from tenants.operations.backups.measures import backup_figures

PATH = "/metrics"


class MetricsMiddleware:
    """``/metrics`` for whoever sends METRICS_TOKEN as a bearer token; without that setting it is closed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != PATH:
            return self.get_response(request)
        response = _answer(request)
        response["Cache-Control"] = "no-store"
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    token: str = settings.METRICS_TOKEN
    if not token:
        return HttpResponseNotFound("Not found.\n", content_type="text/plain; charset=utf-8")
    if not _carries(request, token):
        refused = HttpResponse("A token is needed.\n", status=401, content_type="text/plain; charset=utf-8")
        refused["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refused
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _carries(request: HttpRequest, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(given.strip(), token)


def exposition() -> bytes:
    """All metrics in Prometheus's text format: of this process, or of all that the server runs."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not directory:
        return generate_latest(measures.registry) + _of_the_fleet()
    together = CollectorRegistry()
    MultiProcessCollector(together, directory)  # type: ignore[no-untyped-call]
    with _standing_still(directory):
        of_processes = generate_latest(together)
    return of_processes + _of_the_fleet()


def _of_the_fleet() -> bytes:
    """What is true whichever process is asked: of the control plane, not of ours. Nothing if it is silent."""
    registry = CollectorRegistry()
    registry.register(FleetCollector())
    return generate_latest(registry)


class FleetCollector(Collector):
    """How old the organizations' backups are. No label names one of them."""

    def collect(self) -> Iterator[Metric]:
        found = backup_figures.get()
        if found is None:
            return
        for name, help_text, value in (
            (
                "backup_age_seconds_max",
                "Age of the oldest of all firms' last good backups.",
                found.age_seconds_max,
            ),
            ("organizations_without_backup", "Firms that never had a good backup.", found.without_backup),
            ("backups_overdue", "Firms whose last good backup is twice as old as it may be.", found.overdue),
            (
                "backup_last_success_timestamp_seconds",
                "When the newest good backup was taken.",
                found.last_success,
            ),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, help_text, value=value)


@contextmanager
def _standing_still(directory: str) -> Iterator[None]:
    """Nobody puts away an ended process's files meanwhile: they would be counted twice, or not at all."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)
