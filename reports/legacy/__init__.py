"""Bringing over what the former system stored: sources, people, reports, records, files; see docs/import.md.

``sources`` and ``server`` read, ``recognising`` says what a document is, ``notebook`` holds what was read,
``converting`` (with ``placing`` and ``values``) turns a report into ours, ``stores`` write, ``verifying``
compares, ``run`` has the order of it all. How banks and formats are turned is ``banks.legacy``'s.
"""
