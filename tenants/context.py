"""Which organization the running code works for.

One ``ContextVar`` holds the activation. A request's middleware clears it on the way in and on the way out, so
that nothing of an earlier request on the same worker thread can be seen. Code that outlives the request
(a streaming response, a pool thread) carries the organization along with ``carry`` or ``carry_iterator``.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from tenants.errors import NoActiveOrganization, WrongOrganization
from tenants.registry import Placement, registry

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Activation:
    """An organization being worked for, from activating it until the last context that knows it has ended.

    ``held`` keeps alive what the work depends on: the organization's own client, if it has one, is closed
    only when no activation holds it any more, however many others pushed it out of the registry meanwhile.
    """

    org_id: str
    held: object = None


_active: contextvars.ContextVar[Activation | None] = contextvars.ContextVar("active", default=None)
# The revision of the shared resources that the request began with; None where nothing says it.
_shared_revision: contextvars.ContextVar[int | None] = contextvars.ContextVar("shared_revision", default=None)
_after_shared_write: list[Callable[[], None]] = []
_shared_writable: contextvars.ContextVar[bool] = contextvars.ContextVar("shared_writable", default=False)


def active_org_id() -> str | None:
    """The active organization's org_id, or None."""
    activation = _active.get()
    return activation.org_id if activation is not None else None


def active() -> Activation | None:
    """The activation that the running code works under, or None."""
    return _active.get()


def require_org_id(what: str = "This") -> str:
    """The active organization's org_id. Raises NoActiveOrganization naming ``what`` when there is none."""
    activation = _active.get()
    if activation is None:
        raise NoActiveOrganization(what)
    return activation.org_id


@contextmanager
def no_organization() -> Iterator[None]:
    """Within it nothing is active; afterwards all is as before, whatever was activated inside."""
    token = _active.set(None)
    writable = _shared_writable.set(False)
    revision = _shared_revision.set(None)
    try:
        yield
    finally:
        _shared_revision.reset(revision)
        _shared_writable.reset(writable)
        _active.reset(token)


def activate(placement: Placement) -> None:
    """Make the organization active until the surrounding ``no_organization`` ends.

    A request serves one organization: activating a second one raises WrongOrganization.
    """
    current = active_org_id()
    if current is not None and current != placement.org_id:
        raise WrongOrganization("The request", belongs_to=placement.org_id, active=current)
    registry.remember(placement)
    if current is None:
        _active.set(Activation(placement.org_id))


@contextmanager
def organization_active(placement: Placement | str) -> Iterator[None]:
    """Work for one organization inside the block. For commands, operations and tests; may be nested."""
    if isinstance(placement, Placement):
        registry.remember(placement)
        org_id = placement.org_id
    else:
        org_id = placement
    current = _active.get()
    # The same one again: what the outer block holds, a transaction's client for one, is held for this too.
    same = current is not None and current.org_id == org_id
    token = _active.set(current if same else Activation(org_id))
    try:
        yield
    finally:
        _active.reset(token)


@contextmanager
def shared_resources_writable() -> Iterator[None]:
    """Allow writes to shared resources inside the block. Refused while an organization is active.

    Afterwards every process reads them anew, whatever became of the block.
    """
    current = active_org_id()
    if current is not None:
        raise WrongOrganization("Writing shared resources", belongs_to="staff", active=current)
    token = _shared_writable.set(True)
    try:
        yield
    finally:
        _shared_writable.reset(token)
        for told in _after_shared_write:
            told()


def after_shared_write(function: Callable[[], None]) -> None:
    """Have ``function`` called whenever shared resources may have been written. Once, at the start."""
    _after_shared_write.append(function)


def know_shared_revision(number: int) -> None:
    """Say for the rest of the request which revision of the shared resources it sees."""
    _shared_revision.set(number)


def shared_revision() -> int | None:
    """The revision that the request sees, or None: then nothing kept may be used."""
    return _shared_revision.get()


def shared_resources_are_writable() -> bool:
    """Whether a write to shared resources is allowed here."""
    return _shared_writable.get() and _active.get() is None


def carry(function: Callable[P, T]) -> Callable[P, T]:
    """Bind ``function`` to the organization that is active now, for a pool thread that runs it later."""
    context = contextvars.copy_context()

    def bound(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.copy().run(function, *args, **kwargs)

    return bound


def carry_iterator(items: Iterable[T]) -> Iterator[T]:
    """Iterate ``items`` under the organization that is active now, after the request has ended too.

    A streaming response is consumed when the middleware has long exited; each step runs in the context
    that was current when the response was made.
    """
    # Not a generator itself: the context is taken now, not at the first step.
    context = contextvars.copy_context()
    return _steps(context, context.run(iter, items))


def _steps(context: contextvars.Context, iterator: Iterator[T]) -> Iterator[T]:
    finished = object()
    while True:
        item = context.run(next, iterator, finished)
        if item is finished:
            return
        yield item  # type: ignore[misc]
