"""Addresses of the staff's banks beyond the usual pages: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tests.isolation.addresses import Address, Answer, Try, leads
from tests.isolation.staff_addresses import BANK, page
from tests.isolation.world import NORTH

_NO_FILE = Answer(422)
_LOOKED = {NORTH: "Shows the bank as that firm sees it: its database is read, and that is recorded."}


def _exchange(kind: str, here: str, at: tuple[str, ...] = ()) -> tuple[Address, ...]:
    """Import, the faulty rows of a file that nobody has uploaded, and export; of banks or of branches."""
    name, to_import = f"admin:banks_bank_{kind}", leads(f"{here}import/")
    return (
        page(f"{name}_import", Try(), Try(method="POST", right=_NO_FILE), at=at),
        page(f"{name}_faults", Try(right=to_import), Try(method="POST", right=to_import), at=at),
        page(f"{name}_export", Try(), Try(data={"as": "xlsx"}), at=at),
    )


ROWS: tuple[Address, ...] = ()
STAFF_ROWS: tuple[Address, ...] = (
    *_exchange("list", BANK),
    *_exchange("branches", f"{BANK}<bank>/", ("<bank>",)),
    page("admin:banks_bank_all_as_firm", Try(), Try(data={"organization": NORTH}, also=_LOOKED)),
    page(
        "admin:banks_bank_as_firm",
        Try(),
        Try(data={"organization": NORTH, "format": "general/flat"}, also=_LOOKED),
        at=["<bank>"],
    ),
)
