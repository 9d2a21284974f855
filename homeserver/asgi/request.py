"""One HTTP request as the adapters see it: headers, query, client address, and a body with a limit and a deadline."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qsl

from homeserver.asgi.interface import DIRECT, Direct, Receive, Scope
from homeserver.errors import InvalidParam, MatrixError, MissingParam, RequestTimeout, TooLarge

JSON_BODY_BYTES = 1024 * 1024
MAX_HEADERS = 100
MAX_QUERY_FIELDS = 200
BODY_GRACE_S = 10.0
BODY_BYTES_PER_S = 1024

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientGone(Exception):
    """The client closed the connection before it was answered."""


class Query:
    """The query parameters, decoded; a malformed value is InvalidParam."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs

    @classmethod
    def parse(cls, raw: bytes) -> "Query":
        """Decode a raw query string."""
        if not raw:
            return _EMPTY
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS
            )
        except ValueError:
            raise InvalidParam("The query string is malformed") from None
        if b"%00" in raw:
            raise InvalidParam("The query string holds a NUL")
        return cls(pairs)

    def text(self, name: str) -> str | None:
        """The first value of the parameter, None if it is absent."""
        for key, value in self._pairs:
            if key == name:
                return value
        return None

    def required(self, name: str) -> str:
        """The first value of the parameter; MissingParam if it is absent."""
        value = self.text(name)
        if value is None:
            raise MissingParam(f"The query parameter '{name}' is missing")
        return value

    def int(self, name: str, default: int, low: int = 0, high: int = 2**53 - 1) -> int:
        """The parameter as a number: below `low` is refused, above `high` is cut to `high`."""
        value = self.text(name)
        if value is None:
            return default
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 16) or int(value) < low:
            raise InvalidParam(f"The query parameter '{name}' must be a whole number of at least {low}")
        return min(int(value), high)

    def flag(self, name: str, default: bool = False) -> bool:
        """The parameter as true or false."""
        value = self.text(name)
        if value is None:
            return default
        if value not in {"true", "false"}:
            raise InvalidParam(f"The query parameter '{name}' must be true or false")
        return value == "true"

    def one_of(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """The parameter, which must be one of `allowed`; without a default it is required."""
        value = self.text(name) if default is not None else self.required(name)
        if value is None and default is not None:
            return default
        if value is None or value not in allowed:
            raise InvalidParam(f"The query parameter '{name}' must be one of {', '.join(allowed)}")
        return value

    def all(self, name: str) -> list[str]:
        """Every value of the parameter, in order."""
        return [value for key, value in self._pairs if key == name]

    def pairs(self) -> Sequence[tuple[str, str]]:
        """Every parameter, in order."""
        return self._pairs


_EMPTY = Query(())


class Request:
    """One HTTP request. `pattern` is the route's, once found: what the log may show."""

    __slots__ = (
        "_body_read",
        "_length",
        "_prefetched",
        "_query",
        "_receive",
        "authorization",
        "content_type",
        "direct",
        "forwarded_for",
        "headers",
        "id",
        "ip",
        "method",
        "pattern",
        "raw_path",
        "raw_query",
        "refusal",
        "scope",
        "user",
        "user_agent",
    )

    def __init__(self, scope: Scope, receive: Receive, request_id: str) -> None:
        self.scope = scope
        self.id = request_id
        self.method: str = scope["method"]
        self.raw_path: bytes = scope["raw_path"]
        self.raw_query: bytes = scope["query_string"]
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.pattern = "-"
        self.user: str | None = None
        self.authorization: bytes | None = None
        self.content_type = ""
        self.user_agent = ""
        self.forwarded_for: str | None = None
        self.refusal: MatrixError | None = None
        self.ip: str = scope["client"][0] if scope.get("client") else ""
        extensions = scope.get("extensions")
        self.direct: Direct | None = extensions.get(DIRECT) if extensions else None
        self._receive = receive
        self._query: Query | None = None
        self._body_read = False
        self._length: int | None = None
        self._prefetched: bytes | None = None
        self._read_headers()

    def _read_headers(self) -> None:
        """Take the few headers that matter, and refuse what a proxy could read another way than we do (S-17)."""
        chunked, lengths, hosts = False, 0, 0
        for name, value in self.headers:
            if name == b"authorization":
                self.authorization = value
            elif name == b"content-length":
                lengths += 1
                self._length = int(value) if value.isdigit() else -1
            elif name == b"transfer-encoding":
                chunked = True
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")
            elif name == b"user-agent":
                self.user_agent = value.decode("utf-8", "replace")[:255]
            elif name == b"host":
                hosts += 1
            elif name == b"x-forwarded-for":
                forwarded = value.decode("latin-1")
                self.forwarded_for = f"{self.forwarded_for},{forwarded}" if self.forwarded_for else forwarded
        if lengths > 1 or self._length == -1 or (lengths and chunked) or hosts > 1 or len(self.headers) > MAX_HEADERS:
            self.refusal = MatrixError("The request head is ambiguous or too long", headers={"Connection": "close"})

    @property
    def query(self) -> Query:
        """The query parameters, decoded at first use."""
        if self._query is None:
            self._query = Query.parse(self.raw_query)
        return self._query

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        wanted = name.encode("ascii")
        for key, value in self.headers:
            if key == wanted:
                return value.decode("latin-1")
        return None

    async def body(self, max_bytes: int = JSON_BODY_BYTES) -> bytes:
        """The whole body. Raises TooLarge, RequestTimeout (slower than 1 KB/s after 10 s), ClientGone."""
        whole = self._whole()
        if whole is not None:
            if len(whole) > max_bytes:
                raise TooLarge(f"The body may hold {max_bytes} bytes")
            return whole
        parts = [part async for part in self.stream(max_bytes)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _whole(self) -> bytes | None:
        """The body without a wait, if the server has it."""
        whole = self.direct.take_body() if self.direct is not None and not self._body_read else None
        if whole is not None:
            self._body_read = True
        return whole

    async def stream(self, max_bytes: int) -> AsyncIterator[bytes]:
        """The body in parts as they come. Errors as of `body`."""
        if self._length is not None and self._length > max_bytes:
            raise TooLarge(f"The body may hold {max_bytes} bytes")
        if self._prefetched:
            if len(self._prefetched) > max_bytes:
                raise TooLarge(f"The body may hold {max_bytes} bytes")
            yield self._prefetched
        loop = asyncio.get_running_loop()
        due, received = loop.time() + BODY_GRACE_S, 0
        while not self._body_read:
            try:
                async with asyncio.timeout_at(due + received / BODY_BYTES_PER_S):
                    message = await self._receive()
            except TimeoutError:
                raise RequestTimeout(headers={"Connection": "close"}) from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._body_read = not message.get("more_body", False)
            part: bytes = message.get("body", b"")
            received += len(part)
            if received > max_bytes:
                raise TooLarge(f"The body may hold {max_bytes} bytes")
            if part:
                yield part

    async def prefetch(self) -> None:
        """Receive the body now, so that `gone` may be awaited from here on."""
        self._prefetched = await self.body()

    async def discard_body(self, max_bytes: int = 256 * 1024, within_s: float = 2.0) -> None:
        """Read the rest of a refused body, so that the client sees the answer and not a reset connection."""
        if self._body_read or self._whole() is not None:
            return
        left = max_bytes
        try:
            async with asyncio.timeout(within_s):
                while not self._body_read and left > 0:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        return
                    self._body_read = not message.get("more_body", False)
                    left -= len(message.get("body", b""))
        except TimeoutError:
            return

    async def gone(self) -> None:
        """Return when the client has closed the connection. Only after `prefetch`."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def client_address(request: Request, trusted_proxies: Sequence[IpNetwork]) -> str:
    """Whose request it is: the last address of X-Forwarded-For that no trusted proxy has, else the peer's."""
    if not trusted_proxies or not _within(request.ip, trusted_proxies) or request.forwarded_for is None:
        return request.ip
    for hop in reversed(request.forwarded_for.split(",")):
        address = hop.strip()
        if not _is_address(address):
            return request.ip
        if not _within(address, trusted_proxies):
            return address
    return request.ip


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _within(address: str, networks: Sequence[IpNetwork]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
