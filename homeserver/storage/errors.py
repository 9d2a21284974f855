"""What goes wrong with the database, as the rest of the server sees it."""

from homeserver.errors import InvalidParam, StorageFull, Unavailable


class DatabaseDown(Unavailable):
    """PostgreSQL cannot be reached or refused to work: nothing is known to be stored. 503."""


class DatabaseFull(StorageFull):
    """The disk of PostgreSQL is full: nothing was stored. 507."""


class BadText(InvalidParam):
    """A text that PostgreSQL cannot hold (NUL, lone surrogates), so that nothing is stored under it. 400."""


class DatabaseUnusable(Exception):
    """The database cannot be used as it is (schema too new, changed migration); the message says what to do."""


class BadRow(Exception):
    """A row cannot be stored: text with NUL or lone surrogates, an id that is too long. Only its entry fails."""
