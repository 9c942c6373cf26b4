"""Both sides of ``fleet_migrate``: ``ours`` on MongoDB, and ``rival``, django-tenants on PostgreSQL.

django-tenants runs its own parallel executor (``migrate_schemas --executor multiprocessing``) with a process
for each core. Its schemas have as many tables as an organization has collections, and the same index is
added. They are copies of one schema that was migrated the ordinary way, its record of migrations included:
making them is not what is measured.
"""
