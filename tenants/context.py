"""Which organization the running code works for.

One ``ContextVar`` holds the activation. A request's middleware clears it on the way in and on the way out, so
that nothing of an earlier request on the same worker thread can be seen. Code that outlives the request
(a streaming response, a pool thread) carries the organization along with ``carry`` or ``carry_iterator``.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from tenants.errors import (
    NoActiveOrganization,
    PlacementChanged,
    ReadOnly,
    WritesFrozen,
    WrongOrganization,
)
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
    # What is known of the placement, and until when (``time.monotonic()``) it may be written on.
    version: int | None = None
    writable_until: float = 0.0
    # Why whoever asked may only read: "subscription", "support"; empty when they may write.
    read_only: str = ""


_active: contextvars.ContextVar[Activation | None] = contextvars.ContextVar("active", default=None)
# The revision of the shared resources that the request began with; None where nothing says it.
_shared_revision: contextvars.ContextVar[int | None] = contextvars.ContextVar("shared_revision", default=None)
_after_shared_write: list[Callable[[], None]] = []


@dataclass(slots=True, eq=False)
class SharedWriting:
    """A block in which shared resources may be written; ``begun`` once it got hold of them."""

    begun: bool = False


_shared_writing: contextvars.ContextVar[SharedWriting | None] = contextvars.ContextVar(
    "shared_writing", default=None
)


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


def require_writable() -> None:
    """Raises ReadOnly where the request may only read, WritesFrozen while the organization's data is being
    moved, PlacementChanged afterwards.

    What is known is good for a moment only; when that has passed, this costs one command of the control
    plane. Nothing to ask where no organization is active: the connection refuses then.
    """
    activation = _active.get()
    if activation is not None and activation.read_only:
        raise ReadOnly(activation.org_id, activation.read_only)
    if activation is None or time.monotonic() < activation.writable_until:
        return
    placement = registry.look_up(activation.org_id)
    if activation.version not in (None, placement.version):
        raise PlacementChanged(activation.org_id)
    if placement.frozen:
        raise WritesFrozen(activation.org_id)
    activation.version, activation.writable_until = placement.version, placement.writable_until


@contextmanager
def no_organization() -> Iterator[None]:
    """Within it nothing is active; afterwards all is as before, whatever was activated inside."""
    token = _active.set(None)
    writing = _shared_writing.set(None)
    revision = _shared_revision.set(None)
    try:
        yield
    finally:
        _shared_revision.reset(revision)
        _shared_writing.reset(writing)
        _active.reset(token)


def activate(placement: Placement, *, read_only: str = "") -> None:
    """Make the organization active until the surrounding ``no_organization`` ends.

    With ``read_only``, the reason, every write of its data raises ReadOnly. A request serves one firm;
    activating a second one raises WrongOrganization.
    """
    current = active_org_id()
    if current is not None and current != placement.org_id:
        raise WrongOrganization("The request", belongs_to=placement.org_id, active=current)
    registry.remember(placement)
    if current is None:
        activation = _activation(placement)
        activation.read_only = read_only
        _active.set(activation)


def _activation(placement: Placement) -> Activation:
    return Activation(placement.org_id, version=placement.version, writable_until=placement.writable_until)


@contextmanager
def organization_active(placement: Placement | str) -> Iterator[None]:
    """Work for one organization inside the block. For commands, operations and tests; may be nested.

    Given an org_id, the placement is what this process knows already, until something is written: for tests.
    """
    current = _active.get()
    org_id = placement.org_id if isinstance(placement, Placement) else placement
    # The same one again: what the outer block holds, a transaction's client for one, is held for this too.
    same = current is not None and current.org_id == org_id
    fresh = Activation(org_id)
    if isinstance(placement, Placement):
        registry.remember(placement)
        fresh = _activation(placement)
    token = _active.set(current if same else fresh)
    try:
        yield
    finally:
        _active.reset(token)


@contextmanager
def shared_resources_writable() -> Iterator[None]:
    """Allow writes to shared resources inside the block. Refused while an organization is active.

    Afterwards every process reads them anew, whatever became of the block, if it touched them at all.
    """
    current = active_org_id()
    if current is not None:
        raise WrongOrganization("Writing shared resources", belongs_to="staff", active=current)
    writing = SharedWriting()
    token = _shared_writing.set(writing)
    try:
        yield
    finally:
        _shared_writing.reset(token)
        if writing.begun:
            for told in _after_shared_write:
                told()


def after_shared_write(function: Callable[[], None]) -> None:
    """Have ``function`` called whenever shared resources may have been written; once, however often said."""
    if function not in _after_shared_write:
        _after_shared_write.append(function)


def know_shared_revision(number: int) -> None:
    """Say for the rest of the request which revision of the shared resources it sees."""
    _shared_revision.set(number)


def shared_revision() -> int | None:
    """The revision that the request sees, or None: then nothing kept may be used."""
    return _shared_revision.get()


def shared_resources_are_writable() -> bool:
    """Whether a write to shared resources is allowed here."""
    return _shared_writing.get() is not None and _active.get() is None


def note_shared_writing() -> None:
    """Say that the block has got hold of the shared resources and may write them from now on."""
    writing = _shared_writing.get()
    if writing is not None:
        writing.begun = True


def carry(function: Callable[P, T]) -> Callable[P, T]:
    """Bind ``function`` to the organization that is active now, for a pool thread that runs it later."""
    context = contextvars.copy_context()

    def bound(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.copy().run(function, *args, **kwargs)

    return bound


class CarriedIterator(Iterator[T]):
    """Each step of ``items`` runs in the context that was current when this was made."""

    def __init__(self, items: Iterable[T]) -> None:
        self._context = contextvars.copy_context()
        self._iterator = self._context.run(iter, items)

    def __next__(self) -> T:
        return self._context.run(next, self._iterator)

    def run(self, function: Callable[[], object]) -> None:
        """Run something else there, e.g. what closes the source."""
        self._context.run(function)


def carry_iterator(items: Iterable[T]) -> CarriedIterator[T]:
    """Iterate ``items`` under the organization that is active now, after the request has ended too.

    A streaming response is consumed when the middleware has long exited; each step runs in the context
    that was current when the response was made.
    """
    return CarriedIterator(items)


def carry_async_iterator(items: AsyncIterable[T]) -> AsyncIterator[T]:
    """The same for an asynchronous stream; between its steps the task's own context is as it was."""
    # Not a generator itself: the organization is taken now, not at the first step.
    return _async_steps(_active.get(), aiter(items))


async def _async_steps(activation: Activation | None, iterator: AsyncIterator[T]) -> AsyncIterator[T]:
    while True:
        token = _active.set(activation)
        try:
            item = await anext(iterator)
        except StopAsyncIteration:
            return
        finally:
            _active.reset(token)
        yield item
