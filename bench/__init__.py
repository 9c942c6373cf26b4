"""Benchmarks. Each is a module with a docstring; ``make bench NAME=module`` runs it.

What a benchmark prints is for people, except for its last line: one JSON object with what it measured, each
key ending in its unit (``first_touch_ms``, ``resident_mb``).
"""
