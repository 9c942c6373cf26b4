from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]

    # The new ones first, so that the list is never without.
    operations = [
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["-updated_at", "-id"], name="report_newest"),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["status", "-updated_at", "-id"], name="report_status_newest"),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["status", "bank_code", "bank_name"], name="report_tally"),
        ),
        migrations.RemoveIndex(model_name="report", name="report_updated"),
        migrations.RemoveIndex(model_name="report", name="report_status_updated"),
    ]
