"""What can be done to reports: one function for each change, keyword-only, that also records it.

Every function works in the active organization, takes ``by`` (who) and ``now`` (when), writes the activity
entry in the same transaction and raises one of ``reports.actions.failures`` when it refuses. A report of
another firm does not exist here: ``Report.DoesNotExist``.
"""

from reports.actions.attachments import attach_file
from reports.actions.begin import begin_report
from reports.actions.comments import add_comment, resolve_comment
from reports.actions.failures import (
    ActionRefused,
    BranchUnknown,
    CommentRefused,
    FileRefused,
    FormatUnavailable,
    NotAllowed,
    NotReady,
    ReferenceTaken,
    ReportFrozen,
    ReportLimitReached,
    SectionUnknown,
    StaleSection,
    WrongStatus,
)
from reports.actions.issue import issue_report
from reports.actions.photographs import (
    add_photograph,
    caption_photograph,
    move_photograph,
    remove_photograph,
)
from reports.actions.review import approve_report, cancel_report, return_report, submit_report
from reports.actions.save import SavedSection, save_section

__all__ = [
    "ActionRefused",
    "BranchUnknown",
    "CommentRefused",
    "FileRefused",
    "FormatUnavailable",
    "NotAllowed",
    "NotReady",
    "ReferenceTaken",
    "ReportFrozen",
    "ReportLimitReached",
    "SavedSection",
    "SectionUnknown",
    "StaleSection",
    "WrongStatus",
    "add_comment",
    "add_photograph",
    "approve_report",
    "attach_file",
    "begin_report",
    "cancel_report",
    "caption_photograph",
    "issue_report",
    "move_photograph",
    "remove_photograph",
    "resolve_comment",
    "return_report",
    "save_section",
    "submit_report",
]
