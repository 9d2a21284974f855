"""Previews of linked pages: what they say, and that no page leads the server where it must not go (T1.3, S-21)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest
from aiohttp import web

from homeserver.config.content import Media, UrlPreviews
from tests.media.files import downloads, picture
from tests.support.client import Json, Refused, Server, User
from tests.support.ports import free_ports

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

PREVIEW = "/v1/media/preview_url"
OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"
"""The one address of this machine that previews may reach, and one that they may not."""


@dataclass
class Site:
    """A site of pages given by path, and one that must never be visited."""

    port: int
    inside_port: int
    pages: dict[str, web.Response | str] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    inside_visits: list[str] = field(default_factory=list)
    speaks: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: even `/silent` answers."""

    def url(self, path: str) -> str:
        return f"http://{OUTSIDE}:{self.port}{path}"

    def inside(self, path: str) -> str:
        return f"http://{INSIDE}:{self.inside_port}{path}"

    def has(self, path: str, body: str | bytes, content_type: str = "text/html", **headers: str) -> str:
        """Put a page there; its URL."""
        data = body.encode() if isinstance(body, str) else body
        self.pages[path] = web.Response(body=data, headers={"Content-Type": content_type, **headers})
        return self.url(path)

    def leads(self, path: str, target: str) -> str:
        """Redirect from there; its URL."""
        self.pages[path] = web.Response(status=302, headers={"Location": target})
        return self.url(path)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.visits.append(request.path)
        if request.path == "/endless":
            response = web.StreamResponse(headers={"Content-Type": "text/html"})
            await response.prepare(request)
            await response.write(b"<title>Endless</title>")
            while True:
                await response.write(b"<p>more" * 1_000)
        if request.path == "/silent":
            await self.speaks.wait()
        page = self.pages.get(request.path)
        if not isinstance(page, web.Response):
            return web.Response(status=404)
        return web.Response(status=page.status, body=page.body, headers=page.headers)

    async def answer_inside(self, request: web.Request) -> web.Response:
        self.inside_visits.append(request.path)
        return web.Response(body=b"<title>secret</title>", headers={"Content-Type": "text/html"})


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[Site]:
    site = Site(*free_ports(2))
    runners = []
    for host, port, answer in ((OUTSIDE, site.port, site.answer), (INSIDE, site.inside_port, site.answer_inside)):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        runners.append(runner)
    yield site
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(scope="module")
async def house(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    from tests.support.running import running_app

    media = msgspec.structs.replace(
        Media(), url_previews=UrlPreviews(enabled=True, allow_private_addresses=(f"{OUTSIDE}/32",))
    )
    async with running_app(cluster, tmp_path_factory.mktemp("previews"), media=media) as (_, server):
        yield server


@pytest.fixture(scope="module")
async def alice(house: Server) -> User:
    user: User = await house.register("alice")
    return user


async def preview(user: User, url: str) -> Json:
    return await user.call("GET", PREVIEW, None, url=url)


async def test_a_page_says_what_it_is_about(site: Site, alice: User) -> None:
    image = picture((48, 24))
    site.has("/image.png", image, "image/png")
    url = site.has(
        "/page",
        """<html><head><title>Plain title</title>
        <meta property="og:title" content="A  &lt;title&gt;
        in two lines"><meta property="og:type" content="article"><meta name="description" content="What it is.">
        <meta property="og:image" content="/image.png"></head><body>Text</body></html>""",
    )
    found = await preview(alice, url)
    mxc = found.pop("og:image")
    assert found == {
        "og:title": "A <title> in two lines",
        "og:type": "article",
        "og:description": "What it is.",
        "og:image:type": "image/png",
        "og:image:width": 48,
        "og:image:height": 24,
        "matrix:image:size": len(image),
    }
    got = await downloads(alice, mxc.removeprefix("mxc://"))
    assert (got.status, got.body) == (200, image)


async def test_a_page_without_properties_is_told_by_title_and_first_words(site: Site, alice: User) -> None:
    url = site.has(
        "/plain",
        "<title>Plain</title><body><nav>Menu</nav><script>x()</script><div><p>First <b>words</b>.</p></div><p>More.",
    )
    assert await preview(alice, url) == {"og:title": "Plain", "og:description": "First words . More."}


@pytest.mark.parametrize(
    ("path", "charset", "text"),
    [("/cp1251", "windows-1251", "Привет"), ("/sjis", "shift_jis", "日本語"), ("/utf8", "utf-8", "Grüße")],
)
async def test_pages_of_other_charsets_are_read(site: Site, alice: User, path: str, charset: str, text: str) -> None:
    in_page = f'<meta charset="{charset}"><title>{text}</title>'.encode(charset)
    assert (await preview(alice, site.has(path + "-meta", in_page)))["og:title"] == text
    in_header = f"<title>{text}</title>".encode(charset)
    url = site.has(path, in_header, f"text/html; charset={charset}")
    assert (await preview(alice, url))["og:title"] == text


async def test_what_a_page_lacks_is_taken_from_oembed(site: Site, alice: User) -> None:
    site.has("/thumb.png", picture((10, 10)), "image/png")
    told = b'{"type":"video","title":"Clip","author_name":"Ann","thumbnail_url":"/thumb.png"}'
    site.has("/oembed", told, "application/json")
    url = site.has("/clip", '<link rel="alternate" type="application/json+oembed" href="/oembed"><p>x</p>')
    found = await preview(alice, url)
    assert (found["og:title"], found["og:article:author"], found["og:image:width"]) == ("Clip", "Ann", 10)


async def test_an_image_is_its_own_preview_and_other_files_have_none(site: Site, alice: User) -> None:
    found = await preview(alice, site.has("/photo", picture((30, 20)), "image/png"))
    assert (found["og:image:width"], found["og:image:height"]) == (30, 20)
    assert await preview(alice, site.has("/file", b"%PDF", "application/pdf")) == {}
    lying = site.has("/lying.html", '<title>T</title><meta property="og:image" content="/not-an-image">')
    site.has("/not-an-image", "<script>", "image/png")
    assert await preview(alice, lying) == {"og:title": "T"}


async def test_a_page_is_fetched_once(site: Site, alice: User, house: Server) -> None:
    bob = await house.register()
    url = site.has("/once", "<title>Once</title>")
    answers = await asyncio.gather(preview(alice, url + "#one"), preview(bob, url))
    assert [answer["og:title"] for answer in answers] == ["Once", "Once"]
    await preview(bob, url)
    assert site.visits.count("/once") == 1


async def test_redirects_are_followed_three_times(site: Site, alice: User) -> None:
    site.has("/end", '<title>End</title><meta property="og:image" content="rel.png">')
    site.leads("/hop1", "/end")
    site.leads("/hop2", site.url("/hop1"))
    third = site.leads("/hop3", "/hop2")
    fourth = site.leads("/hop4", "/hop3")
    assert (await preview(alice, third))["og:title"] == "End"
    with pytest.raises(Refused) as refused:
        await preview(alice, fourth)
    assert refused.value.status == 502


async def test_no_second_hop_leads_inside(site: Site, alice: User) -> None:
    inside = site.inside("/secret")
    to_inside = site.leads("/redirect-inside", inside)
    with pytest.raises(Refused) as refused:
        await preview(alice, to_inside)
    assert refused.value.status == 502
    for number, target in enumerate((inside, site.url("/redirect-inside"), "file:///etc/passwd", "gopher://x/")):
        page = f'<title>T</title><meta property="og:image" content="{target}">'
        assert await preview(alice, site.has(f"/image-inside{number}", page)) == {"og:title": "T"}
        page = f'<title>T</title><link type="application/json+oembed" href="{target}">'
        assert await preview(alice, site.has(f"/oembed-inside{number}", page)) == {"og:title": "T"}
    told = f'{{"type":"photo","url":"{inside}"}}'
    site.has("/oembed-photo", told, "application/json")
    page = '<title>T</title><link type="application/json+oembed" href="/oembed-photo">'
    assert await preview(alice, site.has("/photo-inside", page)) == {"og:title": "T"}
    refresh = f'<title>T</title><meta http-equiv="refresh" content="0; url={inside}"><iframe src="{inside}"></iframe>'
    assert await preview(alice, site.has("/refresh", refresh)) == {"og:title": "T"}
    assert site.inside_visits == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0", "127.1", "10.0.0.1"],
)
async def test_inside_addresses_answer_as_those_that_do_not_exist(site: Site, alice: User, host: str) -> None:
    with pytest.raises(Refused) as refused:
        await preview(alice, f"http://{host}:{site.inside_port}/x")
    assert (refused.value.status, refused.value.errcode) == (502, "M_UNKNOWN")
    assert refused.value.body["error"] == "The page could not be fetched."
    assert site.inside_visits == []


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x/", "file:///etc/passwd", "javascript:x", "http://", "http://a@b/", "http://[::/", "http://x/\n"],
)
async def test_what_is_no_page_is_refused(alice: User, url: str) -> None:
    with pytest.raises(Refused) as refused:
        await preview(alice, url)
    assert refused.value.status == 400


async def test_endless_and_bottomless_pages_cost_little(site: Site, alice: User) -> None:
    assert (await preview(alice, site.url("/endless")))["og:title"] == "Endless"
    deep = "<title>Deep</title>" + "<div>" * 100_000 + "text"
    assert (await preview(alice, site.has("/deep", deep)))["og:title"] == "Deep"
    many = "".join(f'<meta property="og:x{number}" content="{"y" * 5_000}">' for number in range(190))
    found = await preview(alice, site.has("/many", many))
    assert len(found) <= 60
    assert max(map(len, found.values())) <= 1_000


async def test_a_user_has_few_pages_fetched_at_once(site: Site, house: Server) -> None:
    carol = await house.register()
    slow = [asyncio.ensure_future(carol.ask("GET", PREVIEW, None, url=site.url(f"/silent?{n}"))) for n in range(3)]
    done, waiting = await asyncio.wait(slow, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result()[0] for task in done] == [429]
    site.speaks.set()  # else the server would wait for them when it ends
    assert [(await task)[0] for task in waiting] == [502, 502]


async def test_strangers_and_servers_without_previews_have_none(
    house: Server, cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.support.running import running_app

    with pytest.raises(Refused) as refused:
        await house.call("GET", PREVIEW, query={"url": "http://x.test/"})
    assert refused.value.status == 401
    async with running_app(cluster, tmp_path_factory.mktemp("plain")) as (_, server):
        bob = await server.register()
        with pytest.raises(Refused) as refused:
            await preview(bob, "http://x.test/")
        assert (refused.value.status, refused.value.errcode) == (404, "M_UNRECOGNIZED")
