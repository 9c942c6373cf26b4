"""The arithmetic of a valuation: pure functions over Decimal, without Django, database or clock."""
