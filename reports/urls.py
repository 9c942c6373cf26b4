"""The addresses of reports. ``<oid:…>`` takes 24 hexadecimal digits; anything else is a 404."""

from django.urls import path, register_converter

from reports.converters import ObjectIdConverter
from reports.views import editor, pages, photographs, preview, review, steps, upgrade

register_converter(ObjectIdConverter, "oid")

app_name = "reports"

urlpatterns = [
    path("", pages.report_list, name="list"),
    path("new/", pages.new_report, name="new"),
    path("<oid:pk>/", pages.detail, name="detail"),
    path("<oid:pk>/edit/<slug:tab>/<slug:section>/", editor.section, name="section"),
    path("<oid:pk>/edit/<slug:tab>/<slug:section>/values/", editor.values, name="values"),
    path("<oid:pk>/photographs/", photographs.photographs, name="photographs"),
    path("<oid:pk>/photographs/<oid:file_id>/", photographs.photograph, name="photograph"),
    path("<oid:pk>/files/<oid:file_id>/", photographs.stored_file, name="file"),
    path("<oid:pk>/files/<oid:file_id>/thumbnail/", photographs.thumbnail, name="thumbnail"),
    path("<oid:pk>/preview/", preview.preview, name="preview"),
    path("<oid:pk>/preview/<int:page>.png", preview.preview_page, name="preview-page"),
    path("<oid:pk>/preview.pdf", preview.preview_pdf, name="preview-pdf"),
    path("<oid:pk>/document.pdf", preview.document, name="document"),
    path("<oid:pk>/review/", review.review, name="review"),
    path("<oid:pk>/comment/", review.comment, name="comment"),
    path("<oid:pk>/resolve-comment/", review.resolve, name="resolve-comment"),
    path("<oid:pk>/upgrade/", upgrade.upgrade, name="upgrade"),
    path("<oid:pk>/submit/", steps.submit, name="submit"),
    path("<oid:pk>/return/", steps.return_for_changes, name="return"),
    path("<oid:pk>/approve/", steps.approve, name="approve"),
    path("<oid:pk>/issue/", steps.issue, name="issue"),
    path("<oid:pk>/cancel/", steps.cancel, name="cancel"),
]
