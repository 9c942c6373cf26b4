"""Every action that the two records name: its words for people, what it is about, what a firm is shown.

An action that is recorded anywhere in the code stands here; a test looks for those that do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models

from tenants.operations.kinds import kind_names


class Category(models.TextChoices):
    """What actions are about; the order in which they are offered."""

    REPORTS = "reports", "Reports"
    SIGN_IN = "sign_in", "Signing in"
    PEOPLE = "people", "People"
    FIRM = "firm", "Firm and profiles"
    TOKENS = "tokens", "API tokens"
    SUPPORT = "support", "Support by staff"
    PLAN = "plan", "Plan"
    DATA = "data", "Backups, copies and moves"
    BANKS = "banks", "Banks and formats"
    SYSTEM = "system", "System"


class Kept(StrEnum):
    """Which of the two records an action is in."""

    AUDIT = "audit_logs"
    ACTIVITY = "activity_logs"


@dataclass(frozen=True, slots=True)
class Action:
    """What is known of an action.

    ``words`` follow the name of who did it. ``shown``: whether managers of the firm that it is about may see
    it; then ``tells`` are the details of it that they may, ``changes`` always. Of a firm's own activity they
    see everything. ``twice``: the same is in the other record too, which tells more.
    """

    words: str
    category: Category
    kept: Kept = Kept.AUDIT
    icon: str = "history"
    shown: bool = True
    tells: tuple[str, ...] = ()
    twice: bool = False


def _reports(icon: str, words: str) -> Action:
    return Action(words, Category.REPORTS, Kept.ACTIVITY, icon)


def _own(icon: str, words: str, *, twice: bool = False) -> Action:
    return Action(words, Category.FIRM, Kept.ACTIVITY, icon, twice=twice)


def _sign_in(icon: str, words: str, *tells: str) -> Action:
    return Action(words, Category.SIGN_IN, icon=icon, tells=tells)


def _people(icon: str, words: str, *tells: str) -> Action:
    return Action(words, Category.PEOPLE, icon=icon, tells=tells)


def _tokens(icon: str, words: str) -> Action:
    return Action(words, Category.TOKENS, icon=icon, tells=("of", "scopes", "expires_at", "reason"))


def _support(icon: str, words: str, *tells: str) -> Action:
    return Action(words, Category.SUPPORT, icon=icon, tells=tells)


def _plan(words: str, *tells: str, shown: bool = True) -> Action:
    return Action(words, Category.PLAN, icon="calculator", shown=shown, tells=tells)


def _data(words: str, *tells: str, shown: bool = True) -> Action:
    return Action(words, Category.DATA, icon="copy", shown=shown, tells=tells)


def _staff(words: str, category: Category = Category.SYSTEM) -> Action:
    return Action(words, category, icon="settings", shown=False)


KNOWN: dict[str, Action] = {
    # A firm's own record.
    "report_begun": _reports("plus", "began the report"),
    "section_saved": _reports("pencil", "saved a section"),
    "report_upgraded": _reports("refresh", "brought the report to the format in force"),
    "report_submitted": _reports("send", "submitted it for review"),
    "report_returned": _reports("arrow-back-up", "returned it for changes"),
    "report_approved": _reports("circle-check", "approved it"),
    "report_issued": _reports("rosette-discount-check", "issued the document"),
    "report_cancelled": _reports("ban", "cancelled the report"),
    "comment_added": _reports("message", "wrote a comment"),
    "comment_resolved": _reports("check", "marked a comment as done"),
    "comment_reopened": _reports("message", "opened a comment again"),
    "photograph_added": _reports("camera", "added a photograph"),
    "photograph_captioned": _reports("camera", "wrote a caption"),
    "photograph_moved": _reports("camera", "moved a photograph"),
    "photograph_removed": _reports("trash", "removed a photograph"),
    "file_attached": _reports("upload", "attached a file"),
    "imported_entry": _reports("history", "did this in the former system"),
    "imported": _own("history", "brought data over from the former system"),
    "override_changed": _own("pencil", "changed the firm's values of a bank"),
    "override_reset": _own("arrow-back-up", "put back what the bank says"),
    "override_accepted": _own("check", "kept the firm's value above a changed one"),
    "firm_changed": _own("building", "changed the firm's settings", twice=True),
    "profile_changed": _own("user-circle", "changed the own signature block"),
    "settings_changed": _own("settings", "changed the own settings"),
    "signature_changed": _own("pencil", "changed the own signature image"),
    "signature_removed": _own("trash", "removed the own signature image"),
    # The system's: of signing in.
    "sign_in.succeeded": _sign_in("key", "signed in", "by"),
    "sign_in.failed": _sign_in("alert-triangle", "tried to sign in with a wrong password", "at"),
    "sign_in.locked": _sign_in("lock", "was locked out after repeated failures", "at", "until"),
    "sign_in.unlocked": _sign_in("key", "ended the lock on signing in"),
    "sign_out": _sign_in("logout", "signed out"),
    "session.ended": _sign_in("device-desktop", "ended sessions", "which", "sessions"),
    "password.changed": _sign_in("lock", "changed the own password"),
    "password.reset": _sign_in("lock", "chose a new password by mail"),
    "password.reset_sent": _sign_in("mail", "sent a link for a new password"),
    "openid.connected": _sign_in("key", "connected single sign-on"),
    "openid.disconnected": _sign_in("key", "disconnected single sign-on"),
    "openid.refused": _sign_in("alert-triangle", "refused a single sign-on", "reason"),
    "openid.renewal_refused": _sign_in("alert-triangle", "ended a session of single sign-on", "reason"),
    "openid.organization_contradicted": _sign_in(
        "alert-triangle", "refused a single sign-on that names another firm", "reason"
    ),
    # Of people.
    "person.added": _people("plus", "added a person", "role"),
    "person.changed": _people("pencil", "changed a person"),
    "person.deactivated": _people("ban", "deactivated a person", "tokens"),
    "person.reactivated": _people("check", "reactivated a person"),
    "person.email_asked": _people("mail", "asked for another e-mail address", "to"),
    "person.email_changed": _people("mail", "changed an e-mail address"),
    "person.signed_out": _people("logout", "ended a person's sessions"),
    "person.tokens_revoked": _people("key", "revoked a person's API tokens", "tokens"),
    "person.password_set": _people("lock", "set a person's password"),
    "invitation.sent": _people("send", "invited a person", "role"),
    "invitation.renewed": _people("send", "renewed an invitation", "role"),
    "invitation.withdrawn": _people("x", "withdrew an invitation", "role"),
    "invitation.accepted": _people("check", "accepted the invitation"),
    # Of the firm.
    "firm.changed": Action("changed the firm's settings", Category.FIRM, icon="building"),
    "organization.created": Action("opened the firm", Category.FIRM, icon="building"),
    "organization.renamed": Action("renamed the firm", Category.FIRM, icon="building"),
    "organization.changed": Action("changed the firm's record", Category.FIRM, icon="building", shown=False),
    "organization.suspended": Action("suspended the firm", Category.FIRM, icon="ban"),
    "organization.reactivated": Action("opened the firm again", Category.FIRM, icon="check"),
    "activity.exported": Action(
        "exported the activity", Category.FIRM, icon="download", tells=("form", "filters")
    ),
    # Of tokens.
    "token.created": _tokens("key", "made an API token"),
    "token.revoked": _tokens("x", "revoked an API token"),
    "token.refused": _tokens("alert-triangle", "was refused with an API token"),
    "token.organization_contradicted": _tokens(
        "alert-triangle", "was refused with a token that names another firm"
    ),
    # Of support.
    "support.begun": _support("help-circle", "began a support session", "reason", "minutes", "may_write"),
    "support.ended": _support("help-circle", "ended a support session", "how", "pages"),
    "support.refused": _support("alert-triangle", "was refused a support session", "why"),
    "support.viewed": _support("eye", "looked at a page", "method", "status"),
    "support.asked": _support("pencil", "sent a change", "method"),
    # Of plans.
    "organization.plan_changed": _plan("moved the firm to another plan"),
    "subscription.added": _plan("added a subscription"),
    "subscription.changed": _plan("changed the subscription"),
    "subscription.removed": _plan("removed a subscription"),
    "limit.warned": _plan("told the managers that a limit is near", "what", "used", "limit"),
    "plan.added": _plan("added a plan", shown=False),
    "plan.changed": _plan("changed a plan", shown=False),
    "plan.removed": _plan("removed a plan", shown=False),
    # Of a firm's data as a whole. What operations record besides these: see ``_of_operation``.
    "export.requested": _data("asked for an export of all the firm's data"),
    "export.written": _data("exported all the firm's data"),
    "restore.requested": _data("asked for a backup to be restored"),
    "restore.done": _data("restored a backup"),
    "revert_restore.done": _data("took a restore back"),
    "clone.requested": _data("asked for a copy of the firm"),
    "move.requested": _data("asked for the firm's data to be moved"),
    "move.done": _data("moved the firm's data"),
    "offboard.requested": _data("asked for the firm to leave the system"),
    "offboard.taken_back": _data("took the firm's leaving back"),
    "backup.verified": _data("read a backup back", shown=False),
    "backup.damaged": _data("found a damaged backup", shown=False),
    "backup.removed": _data("removed a backup", shown=False),
    "delete.certificate": _data("certified that the firm's data is deleted", shown=False),
    # What only staff see.
    "activity.anchored": _staff("noted where the firm's activity ends"),
    "audit.exported": _staff("exported the audit log"),
    "task.retried": _staff("had a task tried again"),
    "cluster.added": _staff("added a cluster"),
    "cluster.changed": _staff("changed a cluster"),
    "cluster.removed": _staff("removed a cluster"),
    "cluster.restricted": _staff("restricted the cluster's user"),
    "organization.migrated": _staff("migrated the firm"),
    "organization.not_migrated": _staff("failed to migrate the firm"),
    "organization.own_user_given": _staff("gave the firm a database user"),
    "organization.own_user_repaired": _staff("repaired the firm's database user"),
    "organization.own_user_removed": _staff("removed the firm's database user"),
    "organization.own_user_withdrawn": _staff("withdrew the firm's database user"),
    "staff.added": _staff("added a member of the staff", Category.PEOPLE),
    "staff.changed": _staff("changed a member of the staff", Category.PEOPLE),
    "staff.deactivated": _staff("deactivated a member of the staff", Category.PEOPLE),
    "staff.reactivated": _staff("reactivated a member of the staff", Category.PEOPLE),
    "staff.signed_out": _staff("ended the sessions of a member of the staff", Category.PEOPLE),
    "staff.tokens_revoked": _staff("revoked tokens of a member of the staff", Category.PEOPLE),
    "staff.password_set": _staff("set the password of a member of the staff", Category.PEOPLE),
    "bank.added": _staff("added a bank", Category.BANKS),
    "bank.changed": _staff("changed a bank", Category.BANKS),
    "bank.removed": _staff("removed a bank", Category.BANKS),
    "branch.added": _staff("added a branch", Category.BANKS),
    "branch.changed": _staff("changed a branch", Category.BANKS),
    "branch.removed": _staff("removed a branch", Category.BANKS),
    "format.draft_added": _staff("began a draft of a format", Category.BANKS),
    "format.draft_changed": _staff("changed a draft of a format", Category.BANKS),
    "format.draft_removed": _staff("removed a draft of a format", Category.BANKS),
    "branches.imported": _staff("imported branches of a bank", Category.BANKS),
    "banks.imported": _staff("imported banks", Category.BANKS),
    "bank.viewed_as_firm": _staff("looked at a bank as the firm sees it", Category.BANKS),
    "legacy.imported": _staff("brought data over from the former system"),
    "legacy.organization": _staff("kept the former system's record of the firm"),
    "legacy.entry": _staff("did this in the former system"),
    "shared_resources.restricted": _staff("made the reader of the shared resources"),
    "document_type.added": _staff("added a document type", Category.BANKS),
    "document_type.changed": _staff("changed a document type", Category.BANKS),
    "document_type.removed": _staff("removed a document type", Category.BANKS),
    "format.published": _staff("published a format", Category.BANKS),
    "format.retired": _staff("retired a format", Category.BANKS),
    "format.draft": _staff("made a format a draft again", Category.BANKS),
}


def known_action(name: str) -> Action | None:
    """What is known of an action; None for one that nothing records."""
    return KNOWN.get(name) or _of_operation(name)


def action_named(name: str) -> Action:
    """The same; one that is not known (any more) is told by its name, and to staff alone."""
    return known_action(name) or _staff(name.replace("_", " ").replace(".", ": "))


def shown_to_firm() -> list[str]:
    """The actions of the control plane that a firm's managers may see."""
    return [name for name, one in KNOWN.items() if one.kept is Kept.AUDIT and one.shown]


def in_category(category: str, kept: Kept) -> list[str]:
    """The actions of a category in one of the records."""
    return [name for name, one in KNOWN.items() if one.category == category and one.kept is kept]


def _of_operation(name: str) -> Action | None:
    """``backup.copy``: a step of an operation, its request or its end. For staff."""
    kind, dot, step = name.partition(".")
    if not dot or kind not in kind_names():
        return None
    return _data(f"{kind.replace('_', ' ')}: {step.replace('_', ' ')}", shown=False)
