"""Fetching linked pages and reading them: by the safe connector, bounded in bytes, hops and time, in processes apart.

Every hop is an http or https URL of its own, checked where its socket connects: redirects, images and what a page links
to are no way round. Not for: caching, limits of users (`services.media.previews`).
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

import orjson

from homeserver.net.errors import BadAnswer, TimedOut
from homeserver.net.http import REDIRECTS, Http, Request

MAX_PAGE_BYTES: Final = 1024 * 1024
MAX_JSON_BYTES: Final = 256 * 1024
MAX_URL: Final = 2_048
HOPS: Final = 3
FETCH_S: Final = 10.0
JOB_S: Final = 8.0
WORKERS: Final = 2
MAX_ANSWER_BYTES: Final = 512 * 1024
_ANY_SIZE: Final = 2**50
_PORTS: Final = {"http": 80, "https": 443}
_LETTERS: Final = "/%:!$@~*'(),;=&+?[]"
_SCRIPT: Final = Path(__file__).with_name("page_worker.py")


class Unreadable(Exception):
    """The page or image could not be read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL led to: `url` after redirects, at most as many bytes as asked for; `is_whole`: there were no more."""

    url: str
    content_type: str
    charset: str | None
    max_age_s: int | None
    body: bytes
    is_whole: bool


class Pages:
    """Fetches and reads."""

    def __init__(self, http: Http, language: str = "en;q=0.9,*;q=0.1") -> None:
        self._http = http
        self._language = language
        self._places = asyncio.Semaphore(WORKERS)

    async def fetch(self, url: str, max_bytes: int, accept: str = "text/html,*/*;q=0.5") -> Fetched:
        """GET a URL, following at most `HOPS` redirects. Raises NetError for everything but status 200."""
        try:
            async with asyncio.timeout(FETCH_S):
                for _ in range(HOPS + 1):
                    async with self._http.stream(self._request(url, accept)) as answer:
                        if answer.status in REDIRECTS:
                            url = urljoin(url, answer.headers.get("location", ""))
                            continue
                        if answer.status != 200:
                            raise BadAnswer(f"status {answer.status}")
                        body, is_whole = await _read(answer.parts, max_bytes)
                        kind, charset = _kind(answer.headers.get("content-type", ""))
                        max_age_s = _max_age(answer.headers.get("cache-control", ""))
                        return Fetched(url, kind, charset, max_age_s, body, is_whole)
        except TimeoutError as error:
            raise TimedOut("the page did not come in time") from error
        raise BadAnswer(f"more than {HOPS} redirects")

    async def page(self, fetched: Fetched) -> dict[str, Any]:
        """What an HTML page says of itself: `og`, and `oembed` if it links to that. Raises Unreadable."""
        return await self._work({"kind": "page", "charset": fetched.charset}, fetched.body)

    async def image(self, data: bytes) -> dict[str, Any]:
        """`type`, `width` and `height` of an image. Raises Unreadable."""
        return await self._work({"kind": "image"}, data)

    def _request(self, url: str, accept: str) -> Request:
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
            host = (parts.hostname or "").encode("idna").decode("ascii")
        except ValueError as error:
            raise BadAnswer("that is no URL") from error
        if parts.scheme not in _PORTS or not host or parts.username is not None or len(url) > MAX_URL:
            raise BadAnswer("only plain http and https URLs are fetched")
        if not url.isprintable() or " " in url:
            raise BadAnswer("that is no URL")
        bracketed = f"[{host}]" if ":" in host else host
        return Request(
            "GET",
            host,
            port,
            quote(parts.path or "/", safe=_LETTERS) + (f"?{quote(parts.query, safe=_LETTERS)}" if parts.query else ""),
            headers={"Accept": accept, "Accept-Language": self._language},
            scheme=parts.scheme,
            authority=bracketed if port == _PORTS[parts.scheme] else f"{bracketed}:{port}",
            max_bytes=_ANY_SIZE,  # read up to a limit of our own: a long page is previewed by its beginning
            timeout_s=FETCH_S,
        )

    async def _work(self, head: dict[str, Any], data: bytes) -> dict[str, Any]:
        """Have one job done. Nothing of our environment goes along; -I keeps the current folder off the path."""
        text = orjson.dumps(head)
        async with self._places:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_SCRIPT),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(JOB_S):
                    answer, _ = await process.communicate(len(text).to_bytes(4, "big") + text + data)
            except TimeoutError as error:
                raise Unreadable from error
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
        try:
            read = orjson.loads(answer) if len(answer) <= MAX_ANSWER_BYTES else {}
        except orjson.JSONDecodeError as error:
            raise Unreadable from error
        if not isinstance(read, dict) or not read or "error" in read:
            raise Unreadable
        return read


async def _read(parts: AsyncIterator[bytes], max_bytes: int) -> tuple[bytes, bool]:
    """The first bytes, and whether that was all: an endless page ends here."""
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), False
    return bytes(body), True


def _kind(header: str) -> tuple[str, str | None]:
    message = Message()
    message["content-type"] = header[:200]
    charset = message.get_param("charset")
    return message.get_content_type(), charset if isinstance(charset, str) else None


def _max_age(header: str) -> int | None:
    """The seconds of Cache-Control's max-age."""
    for part in header.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.isascii() and value.isdigit() and len(value) < 10:
            return int(value)
    return None
