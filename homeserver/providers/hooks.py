"""The seams: small protocols that a class of an admin's own may fit in place of what is shipped."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from typing import NamedTuple, Protocol


class MediaStore(Protocol):
    """Where the bytes of files lie. Keys are the store's own; nothing of a user or a server is in them."""

    async def put(self, parts: AsyncIterable[bytes]) -> str:
        """Keep the bytes for good; their key.

        What `parts` raises is raised, and cancellation too: nothing is left behind then. Raises StorageFull.
        """
        ...

    def open(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` on, at most `length`, in parts. Raises FileNotFoundError at the first one."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the bytes; a key that is not known is no error."""
        ...

    def keys(self, older_than_s: float) -> AsyncIterator[str]:
        """Every key that was put longer ago than that, and is found by looking at the store alone."""
        ...


class SmsFailed(Exception):
    """A text message was not sent, or nobody knows whether it was; the message is for the log.

    `maybe_sent`: it may be on its way and paid for. `is_refused`: this number will not get one, whoever asks.
    """

    def __init__(self, why: str, *, maybe_sent: bool = False, is_refused: bool = False) -> None:
        super().__init__(why)
        self.maybe_sent = maybe_sent
        self.is_refused = is_refused


class SmsSender(Protocol):
    """Who brings codes to phones. Numbers are E.164 (`+14155550100`)."""

    @property
    def keeps_codes(self) -> bool:
        """Whether the provider makes the codes and checks them; otherwise texts are carried as they are."""
        ...

    async def send(self, number: str, text: str) -> str:
        """Send one message; what the provider calls it. One that keeps codes words its own text. Raises SmsFailed."""
        ...

    @property
    def tells(self) -> bool:
        """Whether texts without a code can be sent, too."""
        ...

    async def tell(self, number: str, text: str) -> None:
        """Send a text without a code; only of one that `tells`. Raises SmsFailed."""
        ...

    async def check(self, number: str, reference: str, code: str) -> bool:
        """Whether this is the code that was sent as `reference`; only of one that keeps codes. Raises SmsFailed."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class MailFailed(Exception):
    """A mail was not taken by the server that should bring it; the message is for the log.

    `is_refused`: this address will not get one, whoever asks.
    """

    def __init__(self, why: str, *, is_refused: bool = False) -> None:
        super().__init__(why)
        self.is_refused = is_refused


class Mail(NamedTuple):
    """A mail in plain text. `to` is one address."""

    to: str
    subject: str
    text: str


class MailSender(Protocol):
    """Who brings mails."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail over for good. Raises MailFailed."""
        ...


class SignOnFailed(Exception):
    """A provider vouched for nobody; the message is for the log. `is_declined`: the person said no there."""

    def __init__(self, why: str, *, is_declined: bool = False) -> None:
        super().__init__(why)
        self.is_declined = is_declined


class Visit(NamedTuple):
    """One visit of a browser to a provider.

    `flow_id` goes there and comes back in `state`; `secret` is known to the browser and this server alone; `callback`
    is where the browser comes back to; `proven_since_ms`: the person must prove themselves anew, not before then.
    """

    flow_id: str
    secret: str
    callback: str
    proven_since_ms: int | None = None


class Identity(NamedTuple):
    """Whom a provider vouches for. `subject` names them for good; the rest is what they may be called here."""

    subject: str
    localpart: str | None = None
    display_name: str | None = None


class IdentityProvider(Protocol):
    """A service that people prove themselves to in their browser."""

    @property
    def id(self) -> str:
        """Its id in the configuration."""
        ...

    @property
    def name(self) -> str:
        """Its name on buttons."""
        ...

    @property
    def brand(self) -> str | None:
        """Which well-known service it is, if any."""
        ...

    async def way(self, visit: Visit) -> str:
        """The address that the browser is sent to. Raises SignOnFailed."""
        ...

    async def vouch(self, visit: Visit, given: Mapping[str, str]) -> Identity:
        """Who came back. `given`: the query of the callback, nothing of it checked. Raises SignOnFailed."""
        ...
