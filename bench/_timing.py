"""What the benchmarks share: medians of alternating runs, and a database of their own."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tooling import mongod


def medians_ms(
    subjects: Mapping[str, Callable[[], object]], *, rounds: int = 40, warm_up: int = 5
) -> dict[str, float]:
    """The median of each subject in milliseconds.

    The subjects take turns within a round, so that a slow moment of the machine falls on all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(warm_up + rounds):
        for name, run in subjects.items():
            began = time.perf_counter()
            run()
            if number >= warm_up:
                taken[name].append((time.perf_counter() - began) * 1000)
    return {name: round(statistics.median(times), 3) for name, times in taken.items()}


def prepare_django() -> None:
    """Django set up for a benchmark in this process; MONGODB_URI is in the environment."""
    os.environ["DJANGO_SECRET_KEY"] = "for-benchmarks-only-and-long-enough-to-be-a-key"
    os.environ["DJANGO_HTTPS"] = "0"
    os.environ["DJANGO_STATIC_MANIFEST"] = "0"
    os.environ["DJANGO_ALLOWED_HOSTS"] = "testserver"
    os.environ["LOG_LEVEL"] = "ERROR"
    # A slow moment of the machine belongs into the figures; it must not end them.
    os.environ["MONGODB_OPERATION_TIMEOUT_MS"] = "0"
    os.environ["DJANGO_SETTINGS_MODULE"] = "valuation.settings"
    import django

    django.setup()


@contextmanager
def demo_application() -> Iterator[None]:
    """Django set up on a MongoDB of its own with the demo data, for as long as the block lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        mongod.running(Path(directory) / "mongo") as uri,
    ):
        os.environ["MONGODB_URI"] = uri
        os.environ["DJANGO_STATIC_ROOT"] = directory
        prepare_django()
        from django.core.management import call_command

        call_command("setup", "--demo")
        yield
        from tenants.mongodb.clients import clients

        clients.close_all()
