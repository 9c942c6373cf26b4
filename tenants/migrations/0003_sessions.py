import django_mongodb_backend.fields
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from tenants.planes import Plane


def let_expired_sessions_go(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Have the server remove a session once it has expired: the index on its date becomes a TTL index."""
    editor.connection.database.command(  # type: ignore[attr-defined]
        "collMod", "sessions", index={"keyPattern": {"expire_date": 1}, "expireAfterSeconds": 0}
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_own_database_user")]

    operations = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        db_column="_id",
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                        verbose_name="session key",
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("user_id", django_mongodb_backend.fields.ObjectIdField(db_index=True, null=True)),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "db_table": "sessions",
                "abstract": False,
            },
        ),
        migrations.RunPython(
            let_expired_sessions_go, migrations.RunPython.noop, hints={"plane": Plane.CONTROL}
        ),
    ]
