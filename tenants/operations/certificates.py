"""The certificate that an organization was deleted: an entry of the audit log, and how people read it."""

from __future__ import annotations

from typing import Any

from tenants.models import AuditEntry

CERTIFICATE = "delete.certificate"


def certificates_of(org_id: str) -> list[AuditEntry]:
    """The newest first; there is one at most, unless somebody made the organization anew by hand."""
    return list(AuditEntry.objects.filter(org_id=org_id, action=CERTIFICATE).order_by("-at"))


def certificate_of(org_id: str) -> AuditEntry | None:
    """The certificate that the organization is deleted, if it is."""
    return next(iter(certificates_of(org_id)), None)


def certificate_text(certificate: AuditEntry) -> str:
    """The certificate as plain text, for people to keep."""
    details = certificate.details
    lines = [
        "CERTIFICATE OF DELETION",
        "",
        f"Organization      {details['organization']['name']} ({details['organization']['org_id']})",
        f"Deleted           {details['deleted_at']}, asked for by {certificate.actor}",
        f"Offboarded        {details['offboarded_at']}, asked for by {details['offboarded_by']}",
        f"Operation         {details['operation']}",
        "",
        "What was exported before",
        f"  Export          {details['export'].get('path') or 'none'}",
        f"  SHA-256         {details['export'].get('sha256') or '-'}",
        f"  its manifest's  {details['export'].get('manifest_sha256') or '-'}",
        "",
        *_removed(details["removed"], details["kept_until"]),
        "",
        *_proof(details["proof"]),
    ]
    return "\n".join(lines) + "\n"


def _removed(removed: dict[str, Any], kept_until: str) -> list[str]:
    kept = f", kept until {kept_until}" if kept_until else ""
    return [
        "Removed",
        *(f"  Database        cluster {name}: {figures(one)}" for name, one in removed["clusters"].items()),
        f"  People          {removed['people']}, sessions {removed['sessions']}",
        f"  Subscriptions   {removed['subscriptions']}, tasks {removed['tasks']}",
        f"  Backups         {removed['backups']} ({removed['backup_bytes']} bytes){kept}",
        f"  Exports         {len(removed['exports'])}",
    ]


def _proof(proof: dict[str, Any]) -> list[str]:
    lines = [f"Proof, asked at   {proof['asked_at']}"]
    for name, one in proof["clusters"].items():
        user = "no database user" if one["user"] is False else "database users not to be seen by us"
        lines.append(f"  Cluster         {name}: none of its {one['databases_seen']} databases; {user}")
    lines += [f"  Store           {name}: {one or 'no file'}" for name, one in proof["stores"].items()]
    lines.append(f"  Control plane   {proof['control_plane']}")
    return lines


def figures(one: dict[str, Any]) -> str:
    """What a cluster had of the organization."""
    found = one["database"]
    if not found:
        return "none there"
    return f"{found['collections']} collections, {found['documents']} documents, {found['bytes']} bytes"


def in_words(found: dict[str, Any]) -> str:
    """One line of what was found before anything was removed."""
    databases = [f"{name}: {figures(one)}" for name, one in found["clusters"].items() if one["database"]]
    return "; ".join([*databases, f"{found['backups']} backups", f"{found['records']['people']} people"])
