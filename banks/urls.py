"""The firm's own pages of banks: what it sees of each, and what it changes."""

from django.urls import URLPattern, path

from banks.pages import branch_views, format_views, paper_views, question_views, views

_FORMAT = "<str:code>/formats/<slug:scheme>/<slug:property_type>/"
_SECTION = f"{_FORMAT}<str:tab>/<str:section>/"
# A branch's code may have dots and, where it came from elsewhere, slashes.
_BRANCH = "<str:code>/branches/<path:branch>/"

urlpatterns: list[URLPattern] = [
    path("", views.banks, name="banks"),
    path("<str:code>/", views.bank, name="bank"),
    path("<str:code>/change/", paper_views.bank_change, name="bank-change"),
    path("<str:code>/hidden/", views.hidden, name="bank-hidden"),
    path("<str:code>/reset/", views.reset, name="bank-reset"),
    path("<str:code>/accept/", views.accept, name="bank-accept"),
    path("<str:code>/letterhead/", paper_views.letterhead, name="bank-letterhead"),
    path("<str:code>/empanelment/", paper_views.empanelment, name="bank-empanelment"),
    path("<str:code>/branches/", views.branches, name="bank-branches"),
    path("<str:code>/add-branch/", branch_views.branch_add, name="branch-add"),
    path(f"{_BRANCH}change/", branch_views.branch_change, name="branch-change"),
    path(f"{_BRANCH}hidden/", branch_views.branch_hidden, name="branch-hidden"),
    path(f"{_BRANCH}remove/", branch_views.branch_remove, name="branch-remove"),
    path(_BRANCH, branch_views.branch, name="branch"),
    path(_FORMAT, format_views.bank_format, name="bank-format"),
    path(f"{_FORMAT}figures/", format_views.parameters, name="bank-format-figures"),
    path(_SECTION, format_views.section, name="bank-format-section"),
    path(f"{_SECTION}add/", question_views.add, name="bank-format-add"),
    path(f"{_SECTION}question/<str:field>/", question_views.question, name="bank-format-field"),
    path(f"{_SECTION}question/<str:field>/remove/", question_views.remove, name="bank-format-remove"),
]
