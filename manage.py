#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valuation.settings")
    # Nobody waits for a command as for a page: what it asks of a database may take its time.
    os.environ.setdefault("MONGODB_OPERATION_TIMEOUT_MS", "0")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
