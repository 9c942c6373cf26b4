"""The staff's pages of formats: they stand here because preview and formulas are the reports' business."""

from reports.admin import formats

__all__ = ["formats"]
