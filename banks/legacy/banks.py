"""A bank of the former system, with its branches, as a bank of this one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from banks.legacy.converted import Converted
from banks.legacy.faults import Severity
from banks.legacy.reading import Log, Node, clean_text, figure, shown

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,19}")
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_MICR = re.compile(r"[0-9]{9}")
_PIN = re.compile(r"[1-9][0-9]{5}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
_NOT_CODE = re.compile(r"[^A-Z0-9]+")
# Old words for the kind of a bank, letters only.
_KINDS = {
    "public": "public", "publicsector": "public", "psu": "public", "nationalised": "public",
    "nationalized": "public", "government": "public",
    "private": "private", "privatesector": "private", "foreign": "private",
    "cooperative": "cooperative", "urbancooperative": "cooperative",
    "nbfc": "nbfc", "hfc": "nbfc", "housingfinance": "nbfc",
}  # fmt: skip
_ADDRESS = (("street", 200), ("area", 120), ("landmark", 120), ("city", 80), ("district", 80), ("state", 80))


def is_bank(document: Any) -> bool:
    """Whether a document has the shape of a bank, whatever its collection is called."""
    if not isinstance(document, Mapping):
        return False
    named = "bankCode" in document and "bankName" in document
    return named and "templateMetadata" not in document and "fields" not in document


def bank_from(document: Any, *, collection: str = "banks") -> Converted:
    """``values`` are the fields of ``Bank``, its branches a list of dicts of the fields of ``Branch``.

    Each branch carries ``legacy`` of its own: ``{"id": old branchId, "kept": [[place, JSON text], …]}``.
    Only a bank without a usable code or name is refused. A branch without an IFSC of the right form cannot be
    stored: it is kept with the bank and told. Never raises.
    """
    log = Log("", None)
    try:
        log = Log(collection, document)
        if not is_bank(document):
            log.refuse(
                "It has no bankCode and bankName.", "It is kept as it was read; nothing was made of it."
            )
            return Converted({}, log.faults, log.legacy())
        return _read(Node(document, "", log), log)
    except RecursionError:
        log.refuse("It is nested too deeply to be read.", "Flatten it in the export and import it again.")
        return Converted(
            {}, log.faults, {"id": log.document, "collection": collection, "hash": log.source_hash}
        )


def _read(root: Node, log: Log) -> Converted:
    root.take("_id")
    code = _code(root, "bankCode", 20)
    name = root.text("bankName", most=120)
    if not _CODE.fullmatch(code) or not name:
        wrong = "bankCode" if name else "bankName"
        log.tell(
            wrong, f"{shown(root.look(wrong))} is no {'code' if name else 'name'} of a bank.",
            "The bank is refused; give it one of 2 to 20 capital letters, digits or underscores.",
            Severity.REFUSED,
        )  # fmt: skip
        return Converted({}, log.faults, log.legacy())
    office = root.child("headquarters")
    values: dict[str, Any] = {
        "code": code,
        "name": name,
        "short_name": root.text("bankShortName", most=40),
        "bank_type": _kind(root),
        "city": office.text("city", most=80),
        "state": office.text("state", most=80),
        "is_active": root.flag("isActive", True),
        "branches": _branches(root, log),
    }
    office.finish()
    counted = root.take("totalBranches")
    if counted is not None and figure(counted) != str(len(values["branches"])):
        root.tell(
            "totalBranches",
            f"It says {shown(counted)} branches.",
            f"{len(values['branches'])} were taken over.",
        )
    # What the bank says of its formats is said by the formats themselves; it is kept with the bank.
    log.keep("templates", root.take("templates"))
    for key in ("templatesLastUpdated", "templatesVersion", "architecture", "migratedAt", "migratedFrom",
                "originalCollection"):  # fmt: skip
        log.keep(key, root.take(key))
    root.finish()
    return Converted(values, log.faults, log.legacy())


def _code(node: Node, key: str, most: int) -> str:
    given = clean_text(node.take(key))
    code = _NOT_CODE.sub("_", given.upper()).strip("_")[:most].rstrip("_")
    if code and code != given:
        node.tell(
            key, f"The code {shown(given)} is written otherwise here.", f"It is {code}; the old one is kept."
        )
    return code


def _kind(root: Node) -> str:
    given = root.take("bankType")
    kind = _KINDS.get("".join(letter for letter in clean_text(given).lower() if letter.isalpha()))
    if kind is None:
        root.tell("bankType", f"The type {shown(given)} is not known here.", "It is public here; correct it.")
        return "public"
    root.log.keep("bankType", given)
    return kind


def _branches(root: Node, log: Log) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    codes: dict[str, str] = {}
    ifscs: dict[str, str] = {}
    for raw in root.children("branches", "branchId", "branchCode", "branchName"):
        whole = dict(raw.raw)
        first = len(log.kept)
        branch = _branch(raw)
        if branch is not None and (other := codes.get(branch["code"]) or ifscs.get(branch["ifsc"])):
            raw.tell(
                "", f"{other} has the code {branch['code']} or the IFSC {branch['ifsc']} already.",
                "This branch is kept with the bank and not shown; give it its own.", Severity.KEPT_ASIDE,
            )  # fmt: skip
            branch = None
        if branch is None:
            del log.kept[first:]
            log.keep(raw.place, whole)
            continue
        codes[branch["code"]] = ifscs[branch["ifsc"]] = branch["name"]
        old = clean_text(whole.get("branchId"))[:100]
        # Places begin with the branch's own: within its legacy they are told without it.
        kept = [[place.removeprefix(f"{raw.place}."), text] for place, text in log.kept[first:]]
        del log.kept[first:]
        made.append({**branch, "legacy": {"id": old, "kept": kept}})
    return made


def _branch(raw: Node) -> dict[str, Any] | None:
    address, contact, place = raw.child("address"), raw.child("contact"), raw.child("coordinates")
    name = raw.text("branchName", most=120)
    ifsc = clean_text(raw.take("ifscCode") or raw.look("branchCode")).upper().replace(" ", "")
    other = raw.take("branchCode")
    raw.log.keep(raw.at("branchCode"), other)
    code = _code(raw, "branchId", 40) or _NOT_CODE.sub("_", ifsc)
    values: dict[str, Any] = {"code": code, "name": name, "ifsc": ifsc}
    values["micr"] = _checked(raw, "micrCode", _MICR, "nine digits")
    for key, most in _ADDRESS:
        values[key] = address.text(key, most=most)
    values["pin_code"] = _checked(address, "pincode", _PIN, "six digits, not beginning with 0")
    values["phone"] = contact.text("phone", most=40)
    values["email"] = _checked(contact, "email", _EMAIL, "an e-mail address")
    values["manager_name"] = contact.text("managerName", most=100)
    values["manager_phone"] = contact.text("managerContact", "managerPhone", most=40)
    values["latitude"] = _degrees(place, "latitude", 90)
    values["longitude"] = _degrees(place, "longitude", 180)
    values["is_active"] = raw.flag("isActive", True)
    for part in (address, contact, place):
        part.finish()
    for key in ("services", "workingHours"):
        raw.log.keep(raw.at(key), raw.take(key))
    raw.finish()
    missing = _missing(values)
    if missing:
        raw.tell(
            "",
            missing,
            "This branch is kept with the bank and not shown; add it by hand.",
            Severity.KEPT_ASIDE,
        )
        return None
    return values


def _missing(values: Mapping[str, Any]) -> str:
    if not _IFSC.fullmatch(values["ifsc"]):
        return f"The IFSC {shown(values['ifsc'])} is not four letters, a zero and six letters or digits."
    lacking = [key for key in ("code", "name", "city", "state") if not values[key]]
    return f"It has no {', '.join(lacking)}." if lacking else ""


def _checked(node: Node, key: str, form: re.Pattern[str], words: str) -> str:
    given = node.take(key)
    text = clean_text(given).replace(" ", "")
    if not text or (form.fullmatch(text) and len(text) <= 254):
        return text
    node.tell(key, f"{shown(given)} is not {words}.", "It is kept and left empty here.")
    return ""


def _degrees(node: Node, key: str, most: int) -> float | None:
    given = node.take(key)
    if given in (None, ""):
        return None
    text = figure(given)
    if text is None or abs(float(text)) > most:
        node.tell(key, f"{shown(given)} is no {key}.", "It is kept and left empty here.")
        return None
    return float(text)
