from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Firms and people"
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"

    def ready(self) -> None:
        # These are made before any model exists, so they are told here where to look and what to do.
        from tenants.context import after_shared_write  # noqa: PLC0415
        from tenants.operations.placement import find_placement  # noqa: PLC0415
        from tenants.registry import registry  # noqa: PLC0415
        from tenants.shared_cache import begin_next_revision  # noqa: PLC0415

        registry.find_placement_with(find_placement)
        after_shared_write(begin_next_revision)
