from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"

    def ready(self) -> None:
        # Models exist from here on, and the rules are made of them.
        from banks.formats.judging import judge_with  # noqa: PLC0415
        from reports.calculation.engine import check_formulas  # noqa: PLC0415
        from reports.masking import register_rules  # noqa: PLC0415

        register_rules()
        judge_with(check_formulas)
