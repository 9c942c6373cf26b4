"""The staff's support sessions inside a firm."""

from django.urls import path

from tenants.support import views

urlpatterns = [
    path("", views.sessions, name="support"),
    path("leave/", views.leave, name="support-leave"),
    path("<str:support_id>/end/", views.end, name="support-end"),
]
