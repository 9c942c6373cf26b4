"""``manage.py runworker``: run background tasks, with MongoDB's backend or Celery's, as the settings say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tenants.context import no_organization
from tenants.tasks.duties import record_duties
from tenants.tasks.worker import Tally, Worker

# How soon a process that died is replaced.
REPLACE_SECONDS = 2.0
SOON = 0.1


class Command(BaseCommand):
    help = (
        "Run background tasks until SIGTERM, which lets those under way come to their end. Killed, it loses "
        "nothing: another worker begins its tasks anew when their leases have run out."
    )
    # It takes none: each task says which organization it is for.
    organizations = "none"
    # They would load every page of the application, of which a worker shows none.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", help="names with commas between them; all by default")
        parser.add_argument("--processes", type=int, default=1)
        parser.add_argument("--threads", type=int, default=4, help="tasks of a process at once")
        parser.add_argument("--until-empty", action="store_true", help="end when nothing is due any more")
        parser.add_argument("--without-duties", action="store_true", help="only tasks that somebody enqueued")
        parser.add_argument("--parent", type=int, default=0, help="end when this process has ended")
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        queues = _queues(options["queues"])
        if options["processes"] < 1 or options["threads"] < 1:
            raise CommandError("At least one process and one thread.")
        stopping = threading.Event()
        if options["processes"] > 1:
            _stop_on_signals(stopping)
            supervise(
                _command(options),
                options["processes"],
                stopping,
                replacing=not options["until_empty"],
            )
            return
        if options["parent"]:
            _end_with(options["parent"])
        with no_organization():
            if not options["without_duties"]:
                record_duties()
            tally = self._work(queues, options, stopping)
        if options["json"]:
            self.stdout.write(json.dumps(dict(sorted(tally.outcomes.items()))))

    def _work(self, queues: list[str], options: dict[str, Any], stopping: threading.Event) -> Tally:
        if settings.TASKS_BACKEND == "celery":
            # Celery is there only where it is used.
            from tenants.tasks import celery  # noqa: PLC0415

            return celery.work(queues, threads=options["threads"], until_empty=options["until_empty"])
        _stop_on_signals(stopping)
        worker = Worker(queues=queues, threads=options["threads"])
        return worker.run(stopping, until_empty=options["until_empty"])


def _queues(text: str | None) -> list[str]:
    known = list(settings.TASK_QUEUES)
    asked = [one.strip() for one in text.split(",")] if text else known
    unknown = [one for one in asked if one not in known]
    if unknown:
        raise CommandError(f"No queue {', '.join(map(repr, unknown))}; there are {', '.join(known)}.")
    return asked


def _stop_on_signals(stopping: threading.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())


def _end_with(parent: int) -> None:
    """Ask ourselves to end when the process that started us is gone; nobody else would."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _command(options: dict[str, Any]) -> list[str]:
    command = [sys.executable, sys.argv[0], "runworker", "--parent", str(os.getpid())]
    command += ["--threads", str(options["threads"])]
    if options["queues"]:
        command += ["--queues", options["queues"]]
    for flag in ("until_empty", "without_duties", "json"):
        if options[flag]:
            command.append(f"--{flag.replace('_', '-')}")
    return command


def supervise(command: Sequence[str], number: int, stopping: threading.Event, *, replacing: bool) -> None:
    """Keep so many processes running until ``stopping`` is set; without ``replacing``, until all end."""
    processes = [subprocess.Popen(command) for _ in range(number)]  # noqa: S603 - ourselves
    try:
        while not stopping.wait(REPLACE_SECONDS if replacing else SOON):
            ended = [one for one in processes if one.poll() is not None]
            if not replacing and len(ended) == number:
                return
            for one in ended if replacing else []:
                processes.remove(one)
                processes.append(subprocess.Popen(command))  # noqa: S603 - ourselves
    finally:
        for one in processes:
            one.terminate()
        for one in processes:
            one.wait()
