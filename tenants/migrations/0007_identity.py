import django.utils.timezone
import django_mongodb_backend.fields
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from tenants.planes import Plane


def let_cache_entries_go(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Have the server remove an entry at its ``expires_at``. Making an index that is there does nothing."""
    editor.connection.get_collection("cache_entries").create_index(  # type: ignore[attr-defined]
        [("expires_at", 1)], name="cache_expiry", expireAfterSeconds=0
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_tasks"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("key", models.CharField(db_column="_id", max_length=24, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("user_id", django_mongodb_backend.fields.ObjectIdField(db_index=True)),
                ("org_id", models.CharField(max_length=38)),
                ("name", models.CharField(max_length=60)),
                ("scopes", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("last_used_from", models.CharField(blank=True, max_length=45)),
            ],
            options={
                "db_table": "api_tokens",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                ("key", models.CharField(db_column="_id", max_length=250, primary_key=True, serialize=False)),
                ("value", models.JSONField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "cache_entries",
            },
        ),
        migrations.CreateModel(
            name="SupportSession",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("staff_id", django_mongodb_backend.fields.ObjectIdField(db_index=True)),
                ("staff_name", models.CharField(max_length=100)),
                ("staff_email", models.CharField(max_length=254)),
                ("org_id", models.CharField(max_length=38, verbose_name="organization id")),
                ("reason", models.CharField(max_length=300)),
                (
                    "may_write",
                    models.BooleanField(
                        default=False,
                        help_text="Off: looking only, whatever is tried.",
                        verbose_name="may change drafts",
                    ),
                ),
                ("begun_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=254)),
            ],
            options={
                "db_table": "support_sessions",
                "ordering": ["-begun_at"],
            },
        ),
        migrations.AddField(
            model_name="activityentry",
            name="hash",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="activityentry",
            name="ip",
            field=models.CharField(blank=True, max_length=45),
        ),
        migrations.AddField(
            model_name="activityentry",
            name="number",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="activityentry",
            name="request_id",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="hash",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="ip",
            field=models.CharField(blank=True, max_length=45, verbose_name="address"),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="number",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="request_id",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="organization",
            name="limits",
            field=models.JSONField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="own_reports_may_be_approved",
            field=models.BooleanField(
                default=False,
                help_text="Whoever submitted a report may approve it; for a firm of one valuer.",
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="plan",
            field=models.CharField(blank=True, editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="organization",
            name="read_only_from",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="seat_changes",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="organization",
            name="subscription_ends_on",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="plan",
            name="api_requests_a_minute",
            field=models.PositiveIntegerField(default=120, verbose_name="API requests a minute"),
        ),
        migrations.AddField(
            model_name="plan",
            name="features",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="session",
            name="agent",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="session",
            name="ip",
            field=models.CharField(blank=True, max_length=45),
        ),
        migrations.AddField(
            model_name="session",
            name="last_seen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="public_id",
            field=models.CharField(blank=True, max_length=24),
        ),
        migrations.AddField(
            model_name="session",
            name="signed_in_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="signed_in_by",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="session",
            name="support_id",
            field=django_mongodb_backend.fields.ObjectIdField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="cognito_id",
            field=models.CharField(blank=True, editable=False, max_length=255, verbose_name="OpenID subject"),
        ),
        migrations.AddField(
            model_name="user",
            name="invited_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="oidc_issuer",
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name="OpenID issuer"),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="default_bank",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="favourite_formats",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="muted",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="usersettings",
            name="signature",
            field=models.CharField(blank=True, max_length=24),
        ),
        migrations.AlterField(
            model_name="storedfile",
            name="kind",
            field=models.CharField(
                choices=[
                    ("photograph", "Photograph"),
                    ("attachment", "Attachment"),
                    ("document", "Issued document"),
                    ("logo", "Logo"),
                    ("signature", "Signature"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="activityentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number__gt", 0)), fields=("number",), name="activity_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number__gt", 0)), fields=("number",), name="audit_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cognito_id__gt", "")),
                fields=("cognito_id", "oidc_issuer"),
                name="user_subject_once",
            ),
        ),
        migrations.AddIndex(
            model_name="supportsession",
            index=models.Index(fields=["org_id", "-begun_at"], name="support_org_begun"),
        ),
        migrations.RunPython(let_cache_entries_go, migrations.RunPython.noop, hints={"plane": Plane.CONTROL}),
    ]
