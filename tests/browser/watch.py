"""What must never happen in a page, noted while a story goes on."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from playwright.async_api import ConsoleMessage, Page, Request

from tests.browser.person import Person

# Chromium itself asks its maker for updates and lists, whatever it is told; pages are watched by themselves as well.
_OF_THE_BROWSER = re.compile(r"[\w.-]+\.(google|googleapis|gvt1)\.com(:\d+)?")


class Watch:
    """Notes the faults of all pages of one person."""

    def __init__(self, person: Person, *, also: tuple[str, ...] = ()) -> None:
        """`also`: addresses of others at which the story means to ask."""
        self.person = person
        self._known = (person.url, *also, "blob:", "data:")
        self.faults: list[str] = []
        context = person.context
        for page in context.pages:
            self._look_at(page)
        context.on("page", self._look_at)
        context.on("console", self._read)
        context.on("request", self._check)

    async def save_picture(self, folder: Path) -> None:
        """Keep what each page shows, and print its words, for the one who looks for the fault."""
        for number, page in enumerate(self.person.context.pages):
            with contextlib.suppress(Exception):  # a page that is closing has no picture
                print(f"{self.person.name} at {page.url} sees:", await page.locator("body").inner_text(timeout=5_000))
                await page.screenshot(path=folder / f"{self.person.name}{number}.png")

    def _look_at(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._fault(f"error in the page: {error}"))

    def _read(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self._fault(f"refused by the policy: {message.text}")

    def _check(self, request: Request) -> None:
        if not request.url.startswith(self._known):
            self._fault(f"request to another host: {request.url}")

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.person.name}: {what}")


class Outside:
    """Where a browser's requests to other machines end: a proxy that leads nowhere and notes who was wanted."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self._port = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def listening(cls) -> AsyncIterator[Self]:
        """Listen on a free port of the loopback interface."""
        outside = cls()
        server = await asyncio.start_server(outside._note, "127.0.0.1", 0)
        outside._port = server.sockets[0].getsockname()[1]
        async with server:
            yield outside

    def arguments(self) -> list[str]:
        """Chromium's flags that send all but the loopback addresses here."""
        return [f"--proxy-server=http://127.0.0.1:{self._port}"]

    async def _note(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = (await reader.readline()).decode("latin-1").split()
        host = re.sub(r"^\w+://|/.*$", "", words[1]) if len(words) > 1 else ""
        # A browser connects ahead of time, and closes again when it has nothing to ask for: then nobody was wanted.
        if words and not _OF_THE_BROWSER.fullmatch(host):
            self.reached.append(host)
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
