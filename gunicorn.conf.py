"""gunicorn's settings, read by it from the directory that it starts in; the environment has the last word."""

import os

MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes its files there under random names

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))

# A MongoDB client does not survive a fork: every worker imports the application, and connects, for itself.
preload_app = False

timeout = 60
graceful_timeout = 20
keepalive = 5
# Setting documents leaves memory behind that the allocator does not give back.
max_requests = 5000
max_requests_jitter = 500
# The heartbeat file must not wait for a disk.
worker_tmp_dir = MEMORY if os.path.isdir(MEMORY) else None

accesslog = os.environ.get("ACCESS_LOG", "-")
access_log_format = '%(t)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "info")
# The arbiter is steered by signals alone; no socket for commands.
control_socket_disable = True
