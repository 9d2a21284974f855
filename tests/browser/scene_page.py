"""The page of scenes (`webclient/tests/scenes`): built, served here, looked at in fixed time and without motion.

What it shows comes from fixtures and not from a server: only so are pictures of it the same every time.
"""

import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import TimeoutError as NotThere

from tests.support import run_folder
from tools import build_web, environment

BUILT = build_web.MODULES / ".scenes"
SOURCES = build_web.WEB / "tests" / "scenes"
SIZES = {1440: (1440, 900), 900: (900, 800), 390: (390, 844)}
PAGE = "/dev/scenes/"
READY_MS = 60_000
MOST_LOOKS = 20
NOON_MS = 1_773_839_400_000
"""2026-03-18, 14:10 in Berlin."""

STILL_ARGUMENTS = (
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--disable-partial-raster",
    "--disable-checker-imaging",
    "--num-raster-threads=1",
)
"""Of a Chromium that draws the same thing the same way: all of a piece, with its pictures, and one after the other."""

_STILL = f"""
  localStorage.clear();
  sessionStorage.clear();
  const Real = Date;
  globalThis.Date = class extends Real {{
    constructor(...parts) {{ if (parts.length > 0) super(...parts); else super({NOON_MS}); }}
    static now() {{ return {NOON_MS}; }}
  }};
"""

_UNSEEN = """
  const unseen = new CSSStyleSheet();
  unseen.replaceSync(':root { opacity: 0 !important }');
  document.adoptedStyleSheets = [unseen];
"""

_SHOW = """async () => {
  const drawn = () => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)));
  const unseen = new CSSStyleSheet();
  const images = [...document.images].map((image) => ({ image, width: image.getBoundingClientRect().width }));
  for (const { image, width } of images) image.dataset.width = width;
  const widths = [...new Set(images.map((one) => one.width))].filter((width) => width > 0).sort((a, b) => a - b);
  while (widths.length > 0) {
    unseen.replaceSync(widths.map((width) => `img[data-width="${width}"] { visibility: hidden !important }`).join(''));
    document.adoptedStyleSheets = [unseen];
    await drawn();
    widths.shift();
  }
  document.adoptedStyleSheets = [];
}"""
"""The smallest pictures first: a small one may be made of a larger one drawn before, and looks another way then."""

_TEXTS = """() => {
  const texts = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const shown = walker.currentNode.parentElement.getClientRects().length > 0;
    if (shown && walker.currentNode.data.trim()) texts.add(walker.currentNode.data.trim());
  }
  return texts.size;
}"""


@dataclass(frozen=True, slots=True)
class View:
    """How a scene is looked at."""

    width: int
    dark: bool = False
    contrast: bool = False

    def __str__(self) -> str:
        return f"{self.width}-{'dark' if self.dark else 'light'}"


VIEWS = [View(width, dark) for width in SIZES for dark in (False, True)]


def build() -> Path:
    """Build the page if its sources changed; the folder of what was built."""
    with run_folder.locked("scenes"):
        files = sorted(path for path in SOURCES.iterdir() if path.is_file())
        parts = [build_web.sources_digest(release=False).encode(), *(path.read_bytes() for path in files)]
        value = environment.digest(*parts)
        if not (BUILT.exists() and environment.fresh(build_web.MODULES, "scenes", value)):
            vite = build_web.MODULES / "vite" / "bin" / "vite.js"
            config = SOURCES / "vite.config.ts"
            arguments = ("build", "--config", config, "--outDir", BUILT, "--emptyOutDir", "--logLevel", "warn")
            build_web.run_node(build_web.node_home(Path(sys.prefix)), vite, *arguments)
            environment.done(build_web.MODULES, "scenes", value)
    return BUILT


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """The address of the page, without a slash at the end."""

    async def page(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(folder / PAGE.strip("/") / "index.html")

    app = web.Application()
    app.router.add_get(PAGE, page)
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Looking:
    """One page that goes from scene to scene in one view. Use `async with Looking.at(...)`."""

    def __init__(self, page: Page, url: str, view: View) -> None:
        self.page = page
        self._url = url
        self._view = view
        self._draws_at_once = False
        self._errors: list[str] = []
        page.on("pageerror", lambda error: self._errors.append(str(error)))

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, browser: Browser, url: str, view: View) -> AsyncIterator[Self]:
        """A fresh browser profile for this view."""
        context = await _context(browser, view)
        try:
            yield cls(await context.new_page(), url, view)
        finally:
            await context.close()

    async def shows(self, scene: str) -> None:
        """Show a scene and wait until nothing moves any more.

        Raises AssertionError: it did not come to rest; with the errors of the page.
        """
        look = f"theme={'dark' if self._view.dark else 'light'}&contrast={'more' if self._view.contrast else 'normal'}"
        await self.page.goto(f"{self._url}{PAGE}?scene={scene}&{look}")
        try:
            await self.page.locator("html[data-scene=ready]").wait_for(timeout=READY_MS)
        except NotThere:
            raise AssertionError(f"{scene} {self._view} was not ready after {READY_MS} ms: {self._errors}") from None

    async def picture(self, scene: str) -> bytes:
        """A PNG of a scene, which is drawn in an order of its own when all has come, not as it comes.

        Raises AssertionError: it did not come to rest.
        """
        if not self._draws_at_once:
            await self.page.add_init_script(_UNSEEN)
            self._draws_at_once = True
        await self.shows(scene)
        unseen = await self._look()
        await self.page.evaluate(_SHOW)
        last = unseen
        for _ in range(MOST_LOOKS):
            now = await self._look()
            if now == last != unseen:
                return now
            last = now
        raise AssertionError(f"{scene} {self._view} went on changing")

    async def _look(self) -> bytes:
        return await self.page.screenshot(animations="disabled", caret="hide")

    async def texts(self) -> int:
        """How many different pieces of text are shown."""
        return int(await self.page.evaluate(_TEXTS))

    async def names(self) -> list[str]:
        """All scenes of which pictures are taken."""
        await self.shows("list")
        return list(await self.page.evaluate("scene.names"))


async def _context(browser: Browser, view: View) -> BrowserContext:
    width, height = SIZES[view.width]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if view.dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    await context.add_init_script(_STILL)
    return context


async def fonts_beside_ours(page: Page) -> str:
    """What this machine draws where our own fonts have no sign, as widths: emoji, Hebrew, Arabic, Japanese."""
    return json.dumps(
        await page.evaluate(
            """() => {
              const pen = document.createElement('canvas').getContext('2d');
              pen.font = '40px Roboto, sans-serif';
              return ['🎉👍', 'בוקר', 'صباح', '明日'].map((signs) => Math.round(pen.measureText(signs).width));
            }"""
        )
    )
