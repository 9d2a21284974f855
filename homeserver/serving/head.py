"""The head of an HTTP/1.1 request: read by llhttp in its strict mode, and refused where two readers could differ.

llhttp itself refuses: bare CR or LF, folded fields, spaces before a colon, control characters, odd or repeated
Content-Length, Content-Length beside Transfer-Encoding. The rest is refused here. Spec: RFC 9112.
"""

from dataclasses import dataclass, field

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

LINE_BYTES = 16 * 1024
HEAD_BYTES = 32 * 1024
MAX_FIELDS = 100
_DECIDING = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade"})
_OLD, _CURRENT = b" HTTP/1.0", b" HTTP/1.1"


class BadHead(Exception):
    """A head that is refused with this status; the connection ends."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(slots=True)
class Head:
    """What a request says before its body. `length` is 0 for a chunked body."""

    url: bytes = b""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    deciding: list[tuple[bytes, bytes]] = field(default_factory=list)
    method: str = ""
    http_version: str = "1.1"
    raw_path: bytes = b""
    query: bytes = b""
    length: int = 0
    is_chunked: bool = False
    keep_alive: bool = True
    expects_continue: bool = False
    is_websocket: bool = False

    def on_url(self, url: bytes) -> None:
        """A part of the request target, from the parser."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field, from the parser."""
        pair = (name.lower(), value.rstrip(b" \t"))
        self.fields.append(pair)
        if pair[0] in _DECIDING:
            self.deciding.append(pair)


def parse_head(raw: bytes) -> Head:
    """Read a whole head, its empty line included. Raises BadHead."""
    line = raw[: raw.index(b"\r\n")]
    if len(line) > LINE_BYTES:
        raise BadHead(414, "The request line is too long")
    head = Head()
    parser = HttpRequestParser(head)
    try:
        parser.feed_data(raw)
    except HttpParserUpgrade:
        pass  # whether anything is upgraded is decided below
    except HttpParserError as error:
        raise BadHead(400, f"The request is not HTTP: {error}") from None
    method: bytes = parser.get_method()
    version = line[-len(_CURRENT) :]
    # llhttp lets more than one space pass, and HTTP/0.9, RTSP and others.
    if line != method + b" " + head.url + version or version not in {_CURRENT, _OLD}:
        raise BadHead(400, "The request line is not one of HTTP/1.1")
    if version == _OLD:
        head.http_version = "1.0"
    if len(head.fields) > MAX_FIELDS:
        raise BadHead(431, "The request has too many header fields")
    head.method = method.decode("ascii")
    host = _decide(head)
    _split_target(head, host)
    return head


def _decide(head: Head) -> bytes | None:
    """Read the fields on which framing and routing depend; the Host."""
    host: bytes | None = None
    upgrade, connection = b"", b""
    for name, value in head.deciding:
        if name == b"host":
            if host is not None:
                raise BadHead(400, "The request names two hosts")
            host = value
        elif name == b"content-length":
            head.length = int(value)
        elif name == b"transfer-encoding":
            if head.is_chunked or head.http_version == "1.0":
                raise BadHead(400, "The framing of the body is ambiguous")
            if value.lower() != b"chunked":
                raise BadHead(501, "The transfer coding is not known here")
            head.is_chunked = True
        elif name == b"connection":
            connection = connection + b"," + value.lower()
        elif name == b"expect":
            if value.lower() != b"100-continue":
                raise BadHead(417, "The expectation is not known here")
            head.expects_continue = head.http_version != "1.0"
        else:
            upgrade = value.lower()
    if host is None and head.http_version != "1.0":
        raise BadHead(400, "The request names no host")
    tokens = [token.strip(b" \t") for token in connection.split(b",")] if connection else ()
    head.keep_alive = b"close" not in tokens if head.http_version != "1.0" else b"keep-alive" in tokens
    head.is_websocket = (
        upgrade == b"websocket"
        and b"upgrade" in tokens
        and head.method == "GET"
        and head.http_version == "1.1"
        and not (head.length or head.is_chunked)
    )
    return host


def _split_target(head: Head, host: bytes | None) -> None:
    """Take the request target apart. One with a scheme must name the host of the Host field. Spec: RFC 9112, 3.2."""
    target = head.url
    if not target.startswith(b"/"):
        if target == b"*" and head.method == "OPTIONS":
            target = b"/"
        else:
            scheme, _, rest = target.partition(b"://")
            authority, slash, rest = rest.partition(b"/")
            if scheme.lower() not in {b"http", b"https"} or not authority or authority != host:
                raise BadHead(400, "The request target is not a path of this server")
            target = slash + rest or b"/"
    if b"#" in target:
        raise BadHead(400, "The request target has a fragment")
    head.raw_path, _, head.query = target.partition(b"?")
