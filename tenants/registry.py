"""The registry of organization databases: from an org_id to the settings of its connection.

``settings.DATABASES`` is a ``Databases`` mapping. It iterates over the static aliases only, so nothing that
walks all databases ever meets an organization, and it is never changed at run time. Looking up an org_id
asks the registry, which keeps the most recently used organizations in true least-recently-used order.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connections

from tenants.errors import UnknownOrganization
from tenants.mongodb.monitoring import measures
from tenants.naming import is_org_id

DatabaseSettings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an organization's database lives.

    ``address_setting`` names the setting that holds the cluster's MongoDB address; ``version`` grows with
    every move, so that a connection made for an older placement is recognised and dropped. ``own_user`` says
    that the organization's database is reached as a database user of its own, through a client of its own.
    ``writable_until`` (``time.monotonic()``) is how long one may write on the strength of it without asking
    again, and ``frozen`` that nobody may. Both are knowledge of a moment, and no part of what makes two
    placements equal.
    """

    org_id: str
    address_setting: str
    version: int = 1
    own_user: bool = False
    writable_until: float = field(default=0.0, compare=False)
    frozen: bool = field(default=False, compare=False)


@dataclass(slots=True)
class RegistryCounts:
    hits: int = 0
    misses: int = 0
    evictions: int = 0


class DatabaseRegistry:
    """Least-recently-used map from org_id to database settings, shared by the threads of a process.

    Evicting an organization only forgets its settings: connections in use hold the cluster's client, which
    lives as long as the process, so work in flight is never disturbed.
    """

    def __init__(self, find_placement: Callable[[str], Placement] | None = None) -> None:
        self._entries: OrderedDict[str, tuple[Placement, DatabaseSettings]] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._find_placement = find_placement
        self.counts = RegistryCounts()

    @property
    def capacity(self) -> int:
        return int(settings.ORGANIZATION_DATABASES)

    def find_placement_with(self, function: Callable[[str], Placement]) -> None:
        """Tell how a placement is looked up in the control plane when the registry does not know it."""
        self._find_placement = function

    def remember(self, placement: Placement) -> None:
        """Make ``placement`` the most recently used entry; a changed placement replaces the old one."""
        with self._lock:
            entry = self._entries.get(placement.org_id)
            if entry is not None and entry[0] == placement:
                self._entries.move_to_end(placement.org_id)
                self.counts.hits += 1
                measures.registry_hits.inc()
            else:
                self._entries[placement.org_id] = (placement, self._settings_for(placement))
                self._entries.move_to_end(placement.org_id)
                self.counts.misses += 1
                measures.registry_misses.inc()
                while len(self._entries) > self.capacity:
                    self._entries.popitem(last=False)
                    self.counts.evictions += 1
                    measures.registry_evictions.inc()
                measures.registry_size.set(len(self._entries))
        self._use_in_thread(placement)

    def database_settings(self, org_id: str) -> DatabaseSettings:
        """The connection settings of an organization. Raises UnknownOrganization."""
        with self._lock:
            entry = self._entries.get(org_id)
            if entry is not None:
                self._entries.move_to_end(org_id)
                self.counts.hits += 1
                measures.registry_hits.inc()
                # What this thread has activated, if another one has remembered an older placement since.
                own = getattr(self._thread, "recent", {}).get(org_id, entry[0])
                return entry[1] if own == entry[0] else self._settings_for(own)
        return self._settings_for(self.look_up(org_id))

    def look_up(self, org_id: str) -> Placement:
        """The placement as the control plane has it now. One command. Raises UnknownOrganization."""
        if self._find_placement is None:
            raise UnknownOrganization(org_id)
        placement = self._find_placement(org_id)
        self.remember(placement)
        return placement

    def forget(self, org_id: str) -> None:
        """Drop an organization, in this process and thread."""
        with self._lock:
            self._entries.pop(org_id, None)
            measures.registry_size.set(len(self._entries))
        recent: OrderedDict[str, Placement] | None = getattr(self._thread, "recent", None)
        if recent is not None and recent.pop(org_id, None) is not None:
            _drop_connection(org_id)

    def clear(self) -> None:
        for org_id in list(self._entries):
            self.forget(org_id)
        self.counts = RegistryCounts()

    def org_ids(self) -> list[str]:
        """The organizations known, least recently used first."""
        with self._lock:
            return list(self._entries)

    def aliases_of_thread(self) -> list[str]:
        """The organizations that this thread may have connection wrappers of."""
        return list(getattr(self._thread, "recent", ()))

    def _settings_for(self, placement: Placement) -> DatabaseSettings:
        return databases().organization(placement)

    def _use_in_thread(self, placement: Placement) -> None:
        """Bound the connection wrappers of this thread, and renew one made for an older placement."""
        recent: OrderedDict[str, Placement] | None = getattr(self._thread, "recent", None)
        if recent is None:
            recent = self._thread.recent = OrderedDict()
        known = recent.get(placement.org_id, placement)
        if known != placement and not _drop_connection(placement.org_id):
            # A transaction that began before the move ends there; whoever comes next renews the wrapper.
            return
        recent[placement.org_id] = placement
        recent.move_to_end(placement.org_id)
        while len(recent) > settings.ORGANIZATION_CONNECTIONS:
            org_id, _ = recent.popitem(last=False)
            _drop_connection(org_id)


def _drop_connection(org_id: str) -> bool:
    """Forget this thread's wrapper; False when a transaction is open on it, which keeps it for now."""
    wrapper = getattr(connections._connections, org_id, None)  # type: ignore[attr-defined]
    if wrapper is not None and wrapper.session is not None:
        return False
    if wrapper is not None:
        del connections[org_id]
    return True


class Databases(dict[str, DatabaseSettings]):
    """``settings.DATABASES``: the static databases, plus every organization on look-up.

    ``django.db.connections`` keeps this very object. Iteration, ``keys`` and ``len`` know the static
    aliases alone, so iterating in one thread while another resolves an organization is safe.
    """

    def organization(self, placement: Placement) -> DatabaseSettings:
        """A complete entry for an organization: every default key, the name exactly the org_id."""
        # Reading ``connections.settings`` first fills in Django's default keys (TIME_ZONE, TEST, …).
        template = connections.settings["default"]
        return {
            **template,
            "NAME": placement.org_id,
            "TEST": dict(template.get("TEST", {})),
            "OPTIONS": dict(template.get("OPTIONS", {})),
            "ADDRESS_SETTING": placement.address_setting,
            "PLACEMENT": placement,
        }

    def __contains__(self, alias: object) -> bool:
        if super().__contains__(alias):
            return True
        return isinstance(alias, str) and is_org_id(alias)

    def __missing__(self, alias: str) -> DatabaseSettings:
        if not is_org_id(alias):
            raise KeyError(alias)
        return registry.database_settings(alias)


def databases() -> Databases:
    """``settings.DATABASES`` as what it is."""
    return settings.DATABASES


registry = DatabaseRegistry()
