"""How the properties are tried: always the same examples, and never failed for a busy machine's slowness."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "calculation",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("calculation")
