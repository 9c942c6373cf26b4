"""The database engine: django-mongodb-backend with one client per cluster and fail-closed organizations."""
