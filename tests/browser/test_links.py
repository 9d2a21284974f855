"""Links: what a page says of itself is shown by the server's word, never fetched by the reader's browser."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import LIVE_LIMIT_MS

PAGE = b"""<html><head><title>x</title><meta property="og:title" content="A page about boats">
<meta property="og:site_name" content="Harbour news"><meta property="og:description" content="All of them.">
</head><body></body></html>"""


@contextlib.asynccontextmanager
async def _site() -> AsyncIterator[str]:
    """A page on this machine; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode("ascii") + PAGE)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/boats"


@pytest.mark.full("browser")
async def test_a_link_is_previewed_unless_the_writer_or_the_reader_does_not_want_it(
    new_house: NewHouse, new_person: NewPerson
) -> None:
    house = await new_house(
        media={"url_previews": {"enabled": True, "allow_private_addresses": True}},
    )
    async with _site() as link:
        ida, jon = await new_person("ida", house), await new_person("jon", house)
        await ida.signs_up()
        await jon.signs_up()
        await ida.makes_group("Quay", inviting=jon)
        await jon.accepts("Quay")
        await ida.at("composer-input").fill(f"read {link}")
        await expect(ida.at("link-bar")).to_contain_text("A page about boats", timeout=LIVE_LIMIT_MS)
        await ida.at("composer-input").press("Enter")
        await expect(ida.at("link-bar")).to_have_count(0)
        for person in (ida, jon):
            await expect(person.at("link-card")).to_contain_text("Harbour news", timeout=LIVE_LIMIT_MS)
            await expect(person.at("link-card")).to_have_attribute("href", link)

        await ida.at("composer-input").fill(f"again {link}")
        await ida.at("link-leave-out").click(timeout=LIVE_LIMIT_MS)
        await ida.at("composer-input").press("Enter")
        await jon.sees(f"again {link}")
        await expect(jon.at("link-card")).to_have_count(1)

        await ida.at("composer-input").fill(f"{link} or {link}?more")
        await ida.at("link-next").click(timeout=LIVE_LIMIT_MS)
        await expect(ida.at("link-bar")).to_have_attribute("data-url", f"{link}?more", timeout=LIVE_LIMIT_MS)
        await ida.at("composer-input").press("Enter")
        await expect(jon.at("link-card").last).to_have_attribute("href", f"{link}?more", timeout=LIVE_LIMIT_MS)

        await jon.at("main-menu").click()
        await jon.at("menu-settings").click()
        await jon.at("open-privacy").click()
        await jon.at("privacy-links").click()
        await expect(jon.at("link-card")).to_have_count(0)
        await jon.page.reload()
        await jon.is_live()
        await jon.sees(f"read {link}")
        await expect(jon.at("link-card")).to_have_count(0)
        await expect(ida.at("link-card")).to_have_count(2)
