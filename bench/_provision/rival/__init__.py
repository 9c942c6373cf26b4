"""django-tenants, set up as its documentation says, with as many tables for a firm as this application has.

``SHARED_APPS`` hold the firms and what Django itself needs, ``TENANT_APPS`` the firm's tables, whose columns
and indexes are those of the application's models. Creating a firm migrates its schema
(``auto_create_schema``), or clones a base schema where the environment asks for that
(``TENANT_CREATION_FAKES_MIGRATIONS``).
"""
