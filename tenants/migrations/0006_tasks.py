from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from tenants.planes import Plane


def let_ended_tasks_go(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Have the server remove a task at its ``expires_at``. Making an index that is there does nothing."""
    editor.connection.get_collection("tasks").create_index(  # type: ignore[attr-defined]
        [("expires_at", 1)], name="task_expiry", expireAfterSeconds=0
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_fleet")]

    operations = [
        migrations.AddField("taskrecord", "postponed", models.PositiveIntegerField(default=0)),
        migrations.AddField("taskrecord", "last_attempted_at", models.DateTimeField(null=True)),
        migrations.AddField("taskrecord", "workers", models.JSONField(default=list)),
        migrations.AddField("taskrecord", "effects", models.JSONField(default=list)),
        migrations.AddField("taskrecord", "announced_at", models.DateTimeField(null=True)),
        migrations.AddField("taskrecord", "every", models.PositiveIntegerField(null=True)),
        migrations.AddIndex("taskrecord", models.Index(fields=["-enqueued_at"], name="task_newest")),
        migrations.RunPython(let_ended_tasks_go, migrations.RunPython.noop, hints={"plane": Plane.CONTROL}),
    ]
