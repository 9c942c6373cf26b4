"""The same list page on django-tenants and PostgreSQL, in the best ordinary set-up.

A schema for each firm, ``TenantMainMiddleware`` by subdomain; firms, people, sessions in the public schema.

- psycopg 3 with its C speedups (``psycopg[binary]``), one persistent connection a thread
  (``CONN_MAX_AGE = None``), no health checks, autocommit, over TCP on loopback as MongoDB is here;
- ``TENANT_LIMIT_SET_CALLS``: the search path is set when the schema changes, not for every query;
- Django's database sessions and one look-up of the person by primary key; that the person belongs to the
  subdomain's firm is a comparison, not a query; a suspended firm is refused at once on both sides;
- the rows by ``values()`` of the columns shown, out of an index in their order; the numbers of the filters
  by one ``GROUP BY`` out of an index that holds all it needs; tables analysed and vacuumed after loading;
- PostgreSQL as it comes, but for ``shared_buffers``, which is what MongoDB's cache is here (0.5 GB).

The view, the templates, the static files and all other middleware are the application's own.
"""
