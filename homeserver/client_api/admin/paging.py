"""What the lists of the admin API share."""

from collections.abc import Collection

from homeserver.asgi.request import Query
from homeserver.errors import InvalidParam

MAX_PAGE = 1_000


def one_of(query: Query, name: str, allowed: Collection[str], default: str) -> str:
    """A word of the query. Raises InvalidParam for one that is not `allowed`."""
    value = query.text(name)
    if value is None:
        return default
    if value not in allowed:
        raise InvalidParam(f"The query parameter '{name}' must be one of {', '.join(sorted(allowed))}")
    return value
