"""What a process keeps between requests: found by walking our packages, and looked through for markers.

A cache is found in three ways: a function wrapped by ``functools.cache`` or ``lru_cache``; a name of a module
or class that begins empty or has grown since it was written down; an object of one of our own classes that
stands in a module and holds something that can change. What is found must be listed with its reason, and what
is listed must be found.
"""

from __future__ import annotations

import ast
import contextvars
import dataclasses
import enum
import functools
import gc
import importlib
import inspect
import pkgutil
import sys
import threading
import types
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, MutableSet
from typing import Any

from bson import ObjectId
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

PACKAGES = ("banks", "reports", "tenants", "valuation")
_LEFT_OUT = ("tests", "migrations", "mongo_migrations", "management", "wsgi")
_CHANGEABLE = (MutableMapping, MutableSequence, MutableSet, deque)
_EMPTY_CALLS = frozenset({"dict", "list", "set", "deque", "OrderedDict", "defaultdict", "Counter"})
_WEAK_CALLS = frozenset({"WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "local", "ContextVar"})
# Objects through which the whole program would be reached.
_NOT_ENTERED = (type, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType)

SHARED, BY_ORGANIZATION, INSTRUMENT = "shared", "by organization", "instrument"
# By the identity of something that is kept elsewhere, for one firm or for all.
BY_IDENTITY = "by identity"
# Everything that a process keeps from one request to the next: for whom it is, and why it may.
KEPT = {
    "banks.formats.shape:_schema": (SHARED, "the JSON schema of formats, read"),
    "banks.formats.shape:_fast": (SHARED, "the JSON schema of formats, as closures"),
    "banks.formats.judging:_judges": (SHARED, "who judges formats, registered at the start"),
    "banks.formats.shape:_validator": (SHARED, "the JSON schema of formats"),
    "banks.formats.shipped:shipped_format": (SHARED, "formats of the repository"),
    "reports.calculation.compiling:_CACHE": (
        BY_IDENTITY,
        "compiled formulas, by the definition that reports.formats keeps",
    ),
    "reports.calculation.formula:compile_formula": (SHARED, "formulas, by their text in a format"),
    "reports.documents.glyphs:_coverage": (SHARED, "characters that the vendored fonts have"),
    "reports.documents.render:_default": (SHARED, "the worker process, which keeps no document"),
    "reports.formats:_kept": (
        BY_ORGANIZATION,
        "definitions of published formats, and firms' changes of them",
    ),
    "reports.page_cache:page_cache": (BY_ORGANIZATION, "pictures of documents' pages"),
    "tenants.context:_active": (SHARED, "nothing is active between requests"),
    "tenants.context:_shared_writing": (SHARED, "nothing is writable between requests"),
    "tenants.context:_shared_revision": (SHARED, "a number, and none between requests"),
    "tenants.context:_after_shared_write": (SHARED, "functions, added once at the start"),
    "tenants.oidc.provider:_provider": (SHARED, "the sign-in service: its addresses and public keys"),
    "tenants.origin:_origin": (SHARED, "nobody asks between requests"),
    "tenants.plans.months:_beginning": (
        BY_ORGANIZATION,
        "locks of firms whose reports are begun in this moment",
    ),
    "tenants.mongodb.base:DatabaseWrapper._connection_pools": (SHARED, "the stock backend's; always empty"),
    "tenants.mongodb.base:_of_the_parent": (SHARED, "what a forked child must not collect; empty here"),
    "tenants.mongodb.clients:_of_the_parent": (SHARED, "what a forked child must not collect; empty here"),
    "tenants.mongodb.documents:_shape": (SHARED, "the columns of control-plane models"),
    "tenants.mongodb.reachability:clusters": (SHARED, "whether each cluster answers"),
    "tenants.mongodb.clients:clients": (SHARED, "MongoDB clients, by the name of an address"),
    "tenants.mongodb.monitoring:command_listener": (INSTRUMENT, "what a test records, while it does"),
    "tenants.operations.schema:_loader": (SHARED, "migrations of the repository"),
    "tenants.operations.schema:head": (SHARED, "names of migrations"),
    "tenants.operations.schema:release": (SHARED, "which migrations this code knows and needs"),
    "tenants.operations.schema:_serves": (SHARED, "whether this code serves a set of migrations"),
    "tenants.operations.masking:_rules": (SHARED, "how each collection is masked, told once at the start"),
    "tenants.operations.placeholders:placeholder_for": (SHARED, "an empty picture and an empty page"),
    "tenants.operations.blueprint:blueprint_of": (SHARED, "the collections and indexes of an empty firm"),
    "tenants.operations.backups.measures:backup_figures": (SHARED, "figures of the fleet, for 30 s"),
    "tenants.tasks.attempts:_current": (SHARED, "the task that is run, in a worker"),
    "tenants.tasks.celery:process_state": (SHARED, "a Celery worker's name and heartbeat"),
    "tenants.registry:registry": (BY_ORGANIZATION, "placements and connection settings"),
    "tenants.sessions:_person": (SHARED, "nobody is known between requests"),
    "valuation.templatetags.constants:_rendered": (
        SHARED,
        "icons and the words of states, from templates alone",
    ),
    "reports.counts:kept_counts": (BY_ORGANIZATION, "numbers of reports, by revision"),
    "tenants.shared_cache:shared_cache": (SHARED, "banks and formats, by revision"),
    "valuation.api_reference:schema": (SHARED, "the API's schema"),
    "django cache:default": (SHARED, "nothing in the process: its entries are in the control plane"),
}


def our_modules() -> Iterator[types.ModuleType]:
    """Every module of the application, imported."""
    for package in PACKAGES:
        top = importlib.import_module(package)
        yield top
        for found in pkgutil.walk_packages(top.__path__, f"{package}."):
            if not set(found.name.split(".")) & set(_LEFT_OUT):
                yield importlib.import_module(found.name)


def kept_things() -> dict[str, Any]:
    """``module:name`` → the cache, or whatever else keeps something between requests."""
    found: dict[str, Any] = {}
    for module in our_modules():
        found |= _of_namespace(module, vars(module), _written_down(module), module.__name__)
    return found | {f"django cache:{name}": caches[name] for name in caches.settings}


def _written_down(module: types.ModuleType) -> dict[str, ast.expr]:
    """The expression that each name of a module, and of its classes as ``Class.name``, begins with."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:
        return {}
    return dict(_assigned(tree, ""))


def _assigned(tree: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _assigned(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield prefix + target.id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield prefix + node.target.id, node.value


def _of_namespace(
    module: types.ModuleType,
    names: Mapping[str, Any],
    written: Mapping[str, ast.expr],
    at: str,
    prefix: str = "",
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in list(names.items()):
        full = prefix + name
        if isinstance(value, type):
            if value.__module__ == module.__name__ and not name.startswith("__") and not prefix.count("."):
                found |= _of_namespace(module, vars(value), written, at, f"{full}.")
        elif hasattr(value, "cache_info"):
            if value.__module__ == module.__name__:
                found[f"{at}:{full}"] = value
        elif full in written and keeps(value, written[full]):
            found[f"{at}:{full}"] = value
    return found


def keeps(value: Any, expression: ast.expr) -> bool:
    """Whether a name that begins with ``expression`` and now has ``value`` can keep something."""
    if isinstance(value, contextvars.ContextVar | threading.local | BaseCache):
        return True
    if isinstance(value, _CHANGEABLE):
        return _begins_empty(expression) or _has_grown(value, expression)
    return _is_our_object(value) and any(True for _ in _changeable_parts(value, depth=2))


def _begins_empty(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Dict | ast.List | ast.Set):
        return not ast.unparse(expression).strip("{}[]() ")
    if isinstance(expression, ast.Call):
        name = ast.unparse(expression.func).rpartition(".")[2]
        return (name in _EMPTY_CALLS and not expression.args) or name in _WEAK_CALLS
    return False


def _has_grown(value: Any, expression: ast.expr) -> bool:
    if isinstance(expression, ast.Dict):
        return None not in expression.keys and len(value) != len(expression.keys)
    if isinstance(expression, ast.List | ast.Set):
        spread = any(isinstance(one, ast.Starred) for one in expression.elts)
        return not spread and len(value) != len(expression.elts)
    return False


def _is_our_object(value: Any) -> bool:
    kind = type(value)
    frozen = dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return kind.__module__.split(".")[0] in PACKAGES and not frozen and not isinstance(value, enum.Enum)


def _changeable_parts(value: Any, depth: int) -> Iterator[Any]:
    for part in attributes(value).values():
        if isinstance(part, (*_CHANGEABLE, threading.local, type(threading.Lock()))):
            yield part
        elif depth and _is_our_object(part):
            yield from _changeable_parts(part, depth - 1)


def attributes(value: Any) -> dict[str, Any]:
    """What an object has of its own, in ``__dict__`` and slots."""
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return {
        **getattr(value, "__dict__", {}),
        **{name: getattr(value, name) for name in slots if hasattr(value, name)},
    }


# Looking inside --------------------------------------------------------------------------------------


def entries(thing: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    """(what it is kept under, what is kept) as texts and bytes, for every entry of a cache."""
    if hasattr(thing, "cache_info"):
        # Keys and results of a wrapped function stand beside one another among what it refers to.
        kept = [one for one in gc.get_referents(thing) if not isinstance(one, _NOT_ENTERED)]
        known = vars(thing)
        yield from (([], list(contents(one))) for one in kept if one is not known)
    elif isinstance(thing, contextvars.ContextVar):
        yield [], list(contents(thing.get(None)))
    elif isinstance(thing, Mapping):
        for key, value in list(thing.items()):
            yield list(contents(key)), list(contents(value))
    elif isinstance(thing, (MutableSequence, MutableSet, deque)):
        for value in list(thing):
            yield [], list(contents(value))
    else:
        for part in attributes(thing).values():
            if isinstance(part, Mapping) or (not isinstance(part, _NOT_ENTERED) and _is_our_object(part)):
                yield from entries(part)
            else:
                yield [], list(contents(part))


def contents(value: Any, seen: set[int] | None = None) -> Iterator[str | bytes]:
    """Every text and every bytes within a value, itself included."""
    seen = set() if seen is None else seen
    if isinstance(value, str | ObjectId):
        yield str(value)
    elif isinstance(value, bytes | bytearray | memoryview):
        yield bytes(value)
    elif id(value) in seen or value is None or isinstance(value, (*_NOT_ENTERED, int, float)):
        return
    else:
        seen.add(id(value))
        for part in _parts(value):
            yield from contents(part, seen)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, functools.partial):
        yield from (*value.args, *value.keywords.values())
    elif isinstance(value, Mapping):
        for key, inner in list(value.items()):
            yield from (key, inner)
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        yield from list(value)
    elif type(value).__module__.split(".")[0] in PACKAGES or dataclasses.is_dataclass(value):
        yield from attributes(value).values()


def where(thing: str) -> str:
    """The file that a listed thing is in, for a message."""
    module = sys.modules.get(thing.partition(":")[0])
    return str(getattr(module, "__file__", thing))
