"""The base of all sections and the kinds of values they share."""

from typing import Annotated

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the file: immutable, unknown keys refused."""


SECRET = "is_secret"  # noqa: S105 - the name of a mark
Secret = Annotated[str, msgspec.Meta(extra={SECRET: True})]
"""May also be given as `KEY_file: path` or by the environment."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
