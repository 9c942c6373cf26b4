"""What names the exact content of a format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def checksum_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content in canonical JSON (sorted keys, no spaces), in hexadecimal; about 2 ms."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
