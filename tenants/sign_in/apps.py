"""django-axes, which asks before and tells after each try to sign in."""

from axes.apps import AppConfig


class LockOutConfig(AppConfig):
    """Without its models: they have no migrations here, and nothing asks them."""

    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"
