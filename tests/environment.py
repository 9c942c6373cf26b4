"""The environment of a test run, set before Django reads its settings (``pytest -p tests.environment``)."""

import os
import tempfile

os.environ["DJANGO_SECRET_KEY"] = "for-tests-only-and-long-enough-to-be-one-of-those-keys"
os.environ["DJANGO_HTTPS"] = "0"
os.environ["DJANGO_DEBUG"] = "0"
os.environ["DJANGO_ALLOWED_HOSTS"] = "testserver,127.0.0.1,localhost"
os.environ["DJANGO_PASSWORD_HASHERS"] = "django.contrib.auth.hashers.MD5PasswordHasher"
os.environ["LOG_LEVEL"] = "ERROR"
# Slow moments of a busy machine are not what the tests are about; those that are set a limit of their own.
# A server that was quiet for two seconds is lost to the driver until it answers again: that is waited for.
os.environ["MONGODB_OPERATION_TIMEOUT_MS"] = "20000"
os.environ["MONGODB_SELECTION_TIMEOUT_MS"] = "20000"
# A moment longer than any test: one more look at the control plane would be one more command in a budget.
os.environ["WRITES_KNOWN_SECONDS"] = "600"
# Nor is a session's use noted within a test that is not about it.
os.environ["SESSION_SEEN_SECONDS"] = "600"
# Pages name static files as they are; the browser tests collect and hash them as in production.
os.environ["DJANGO_STATIC_MANIFEST"] = "0"
os.environ["DJANGO_STATIC_ROOT"] = tempfile.mkdtemp(prefix="static-")
# Nothing that a test backs up or exports lands in the checkout.
os.environ["BACKUP_STORES"] = f"local=file://{tempfile.mkdtemp(prefix='backups-')}"
os.environ["EXPORTS_DIRECTORY"] = tempfile.mkdtemp(prefix="exports-")
# The address comes with the server that the fixture starts; nothing may reach another one before.
for _name in [name for name in os.environ if "MONGODB_URI" in name]:
    del os.environ[_name]
