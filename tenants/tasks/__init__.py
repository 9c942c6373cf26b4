"""Work in the background: the ``django-tasks`` API, whose tasks are kept in the control plane.

Whoever does the work, a worker of our own or Celery's, the record in ``tasks`` says what is to be done, who
has it and what became of it. A task is run at least once: a worker that dies leaves it to the next one. What
must happen once is made so by the task: ``tenants.tasks.attempts.once``, or a write that can be repeated.
"""
