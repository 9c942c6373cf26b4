"""A report as a printed document: what it says (``content``) and how it becomes a PDF (``render``)."""
