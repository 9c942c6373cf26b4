"""The firm's people: invitations, roles, seats."""

from bson import ObjectId
from django.urls import path, register_converter

from tenants.people import views


class PersonIdConverter:
    """24 lower-case hexadecimal digits, given to the view as an ``ObjectId``."""

    regex = "[0-9a-f]{24}"

    def to_python(self, value: str) -> ObjectId:
        return ObjectId(value)

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(PersonIdConverter, "person_id")

urlpatterns = [
    path("", views.people, name="people"),
    path("invite/", views.invite, name="people-invite"),
    path("<person_id:person_id>/", views.person, name="person"),
    *(
        path(f"<person_id:person_id>/{name}/", views.step(name), name=f"person-{name}")
        for name in views.STEPS
    ),
]
