from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Firms and people"
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"

    def ready(self) -> None:
        # The registry is made before any model exists, so it is told here where to look.
        from tenants.operations.placement import find_placement  # noqa: PLC0415
        from tenants.registry import registry  # noqa: PLC0415

        registry.find_placement_with(find_placement)
