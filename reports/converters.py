"""How an address names a document of MongoDB."""

from bson import ObjectId


class ObjectIdConverter:
    """24 lower-case hexadecimal digits, given to the view as an ``ObjectId``."""

    regex = "[0-9a-f]{24}"

    def to_python(self, value: str) -> ObjectId:
        return ObjectId(value)

    def to_url(self, value: object) -> str:
        return str(value)
