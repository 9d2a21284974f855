"""The web client's files: hashed assets for ever, the page itself checked each time, compressed at build time.

Nothing is compressed or read per request: the folder's files are known at the start and kept in memory once asked for.
"""

import asyncio
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from homeserver.asgi.interface import Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self' https: wss:; worker-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_IMMUTABLE = b"public, max-age=31536000, immutable"
_CHECKED = b"no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".wasm": "application/wasm",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_COMMON_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    content_type: str
    cache_control: bytes
    encodings: tuple[tuple[str, Path], ...]


class Site:
    """An ASGI application that serves a built web client. A path without a file gets the page (its own routing)."""

    def __init__(self, folder: Path) -> None:
        names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        if "index.html" not in names:
            raise FileNotFoundError(f"{folder} holds no built web client")
        self._files = {
            name: _file(name, path, names) for name, path in names.items() if not name.endswith((".br", ".gz", ".map"))
        }
        self._loaded: dict[Path, tuple[bytes, bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        file = self._find(unquote(scope["raw_path"].decode("ascii", "replace")))
        if file is None:
            await _send(send, 404, [(b"content-type", b"text/plain"), (b"cache-control", _CHECKED)], b"Not found\n")
            return
        wanted = {name: value for name, value in scope["headers"] if name in {b"accept-encoding", b"if-none-match"}}
        encoding, path = _choose(file, wanted.get(b"accept-encoding", b"").decode("latin-1"))
        body, etag = await self._load(path)
        headers = [(b"cache-control", file.cache_control), (b"etag", etag), (b"vary", b"Accept-Encoding")]
        if etag in [tag.strip().removeprefix(b"W/") for tag in wanted.get(b"if-none-match", b"").split(b",")]:
            # No policy: of a 304 whose line is cut in the midst of it, browsers keep the half (RFC 9110, 15.4.5).
            await _send(send, 304, headers, None)
            return
        headers += [(b"content-type", file.content_type.encode("ascii")), *_COMMON_HEADERS]
        if encoding is not None:
            headers.append((b"content-encoding", encoding.encode("ascii")))
        await _send(send, 200, headers, body, head_only=scope["method"] == "HEAD")

    def _find(self, path: str) -> _File | None:
        name = path.lstrip("/") or "index.html"
        file = self._files.get(name)
        if file is None and not name.startswith("assets/") and "." not in name.rpartition("/")[2]:
            return self._files["index.html"]
        return file

    async def _load(self, path: Path) -> tuple[bytes, bytes]:
        """The bytes of a file, and an ETag of them and of the headers that browsers keep with them."""
        loaded = self._loaded.get(path)
        if loaded is None:
            body = await asyncio.to_thread(path.read_bytes)
            digest = hashlib.sha256(repr(_COMMON_HEADERS).encode("ascii") + body).hexdigest()[:24]
            loaded = self._loaded[path] = (body, b'"%s"' % digest.encode("ascii"))
        return loaded


def _file(name: str, path: Path, names: dict[str, Path]) -> _File:
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    cache_control = _IMMUTABLE if name.startswith("assets/") else _CHECKED
    encodings = tuple((encoding, names[name + suffix]) for encoding, suffix in _ENCODINGS if name + suffix in names)
    return _File(path, content_type, cache_control, encodings)


def _choose(file: _File, accept: str) -> tuple[str | None, Path]:
    """The smallest form that the client takes. An encoding with `q=0` is refused by it."""
    taken = set()
    for item in accept.lower().split(","):
        name, _, weight = item.partition(";")
        if weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            taken.add(name.strip())
    for encoding, path in file.encodings:
        if encoding in taken or "*" in taken:
            return encoding, path
    return None, file.path


async def _send(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes | None, *, head_only: bool = False
) -> None:
    if body is not None:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else body or b"", "more_body": False})
