"""Why a peer gave no usable answer, by what the caller can do about it."""

from collections.abc import Mapping
from typing import Any


class FederationError(Exception):
    """Base. `server` is the peer that was asked."""

    def __init__(self, server: str, message: str) -> None:
        super().__init__(f"{server}: {message}")
        self.server = server


class NotContacted(FederationError):
    """We did not ask: the admin denies this server, or it is being left alone after failures."""


class NoAnswer(FederationError):
    """The peer could not be reached, or broke off. Whether it did what we asked is unknown."""


class BadResponse(FederationError):
    """The peer answered something that is not what the endpoint promises."""


class Refused(FederationError):
    """The peer answered with an error. `body` is its JSON, empty if it had none."""

    def __init__(self, server: str, status: int, body: Mapping[str, Any]) -> None:
        errcode, error = body.get("errcode"), body.get("error")
        self.status = status
        self.errcode = errcode if isinstance(errcode, str) else "M_UNKNOWN"
        self.error = error[:500] if isinstance(error, str) else ""
        self.body = body
        super().__init__(server, f"{status} {self.errcode} {self.error}")

    @property
    def is_temporary(self) -> bool:
        """The peer has trouble of its own, or wants us slower: ask again later."""
        return self.status >= 500 or self.status == 429

    @property
    def retry_after_ms(self) -> int:
        """How long the peer wants to be left alone; 0 where it does not say."""
        wished = self.body.get("retry_after_ms")
        return max(0, wished) if isinstance(wished, int) else 0
