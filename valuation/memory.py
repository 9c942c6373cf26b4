"""How a serving process collects garbage.

Django and what it loads are some hundred thousand objects that live as long as the process; by default every
few hundred requests look through all of them. Connection wrappers, querysets and templates are garbage in
cycles, so collecting stays on, but seldom and without what is there for good.
"""

from __future__ import annotations

import gc

THRESHOLDS = (20_000, 20, 20)


def settle() -> None:
    """Take what is loaded by now out of every later collection. Once, when the process is ready to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
