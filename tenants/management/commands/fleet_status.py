"""``manage.py fleet_status``: how all organizations are, and what needs somebody."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.timesince import timesince

from tenants.models import Cluster
from tenants.operations.clusters import ClusterState
from tenants.operations.console import OperationCommand
from tenants.operations.fleet import FleetStatus, Named, fleet_status

_LARGEST = 10


class Command(OperationCommand):
    help = "Organizations by state, version, last backup and size; the clusters' room; what is stuck."
    # It looks into no organization's database: sizes come from the servers.
    organizations = "none"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--measure", action="store_true", help="also each database's size on disk")
        parser.add_argument(
            "--cluster", default="", metavar="NAME", help="only the organizations of this one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cluster"] and not Cluster.objects.filter(name=options["cluster"]).exists():
            raise CommandError(f"There is no cluster “{options['cluster']}”.")
        status = fleet_status(measure=options["measure"], cluster=options["cluster"])
        if options["json"]:
            self.print_json(as_data(status))
            return
        for line in lines_of(status):
            self.stdout.write(line)


def as_data(status: FleetStatus) -> dict[str, Any]:
    """For machines; moments as ISO 8601."""
    oldest = status.backups.oldest
    return {
        "at": status.at.isoformat(),
        "organizations": status.organizations,
        "states": dict(status.states),
        "versions": asdict(status.versions),
        "backups": {
            "never": asdict(status.backups.never),
            "overdue": asdict(status.backups.overdue),
            "oldest": oldest.isoformat() if oldest else None,
        },
        "clusters": [_cluster(one) for one in status.clusters],
        "operations": [{**asdict(one), "since": one.since.isoformat()} for one in status.operations],
        "stuck": len(status.stuck),
        "tasks": dict(status.tasks),
        "dead_tasks": status.dead_tasks,
        "bytes": sum(status.sizes.values()),
        "sizes": dict(status.sizes),
        "unmeasured": list(status.unmeasured),
    }


def _cluster(one: ClusterState) -> dict[str, Any]:
    return {
        "name": one.cluster.name,
        "region": one.cluster.region,
        "tier": one.cluster.tier,
        "organizations": one.organizations,
        "capacity": one.cluster.capacity,
        "open_files": one.room.open_files if one.room else None,
        "open_file_limit": one.room.limit if one.room else None,
        "tight": one.is_tight,
        "problem": one.problem,
    }


def lines_of(status: FleetStatus) -> Iterator[str]:
    """For people, what needs them last."""
    told = ", ".join(f"{number} {state}" for state, number in sorted(status.states.items()))
    yield f"Organizations: {status.organizations}{f' ({told})' if told else ''}"
    yield f"At head: {status.versions.at_head}"
    yield from _named("Behind", status.versions.behind)
    yield from _named("Ahead of this code", status.versions.ahead)
    yield from _named("Under maintenance (this code cannot serve them)", status.versions.refused)
    oldest = status.backups.oldest
    yield f"Oldest last backup: {timesince(oldest, timezone.now())} ago" if oldest else "No backup yet"
    yield from _named("Never backed up", status.backups.never)
    yield from _named("Backup overdue", status.backups.overdue)
    for one in status.clusters:
        yield _line_of(one)
    if status.sizes:
        yield f"On disk: {_megabytes(sum(status.sizes.values()))}; the largest:"
        for org_id, size in sorted(status.sizes.items(), key=lambda item: -item[1])[:_LARGEST]:
            yield f"  {org_id}: {_megabytes(size)}"
    for name in status.unmeasured:
        yield f"Not measured: {name}"
    for operation in status.operations:
        word = "STUCK" if operation.stuck else operation.status
        yield (
            f"{operation.kind} {operation.org_id or 'fleet'} · {word} at {operation.step!r} since "
            f"{timezone.localtime(operation.since):%Y-%m-%d %H:%M}"
            + (f": {operation.problem}" if operation.problem else "")
        )
    if status.dead_tasks:
        yield f"Dead tasks: {status.dead_tasks}"


def _named(label: str, named: Named) -> Iterator[str]:
    if named.number:
        more = ", …" if named.number > len(named.first) else ""
        yield f"{label}: {named.number} ({', '.join(named.first)}{more})"


def _line_of(one: ClusterState) -> str:
    line = f"Cluster {one.cluster.name}: {one.organizations} of {one.cluster.capacity} organizations"
    if one.room is None:
        return f"{line}; {one.problem}"
    limit = f" of {one.room.limit}" if one.room.limit is not None else ""
    return f"{line}; {one.room.open_files}{limit} files open{' · TIGHT' if one.is_tight else ''}"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
