"""What a page has loaded, in bytes on the wire."""

from pathlib import Path

from playwright.async_api import Page

from tests.support.waiting import eventually

KB = 1024
SIGN_IN = {"js": 45 * KB, "css": 12 * KB, "woff2": 40 * KB}
MAIN = {"js": 140 * KB, "css": 28 * KB}
"""Budgets: of the page for coming in, and of the one with the chats together with the engine."""

# What the page fetches ahead once the form can be used is not what the form waits for.
NOTE_WHEN_SHOWN = """new MutationObserver((_, watching) => {
    if (!document.querySelector('[data-testid=sign-in]')) return;
    document.fonts.ready.then(() => { globalThis.shownAt = performance.now(); });
    watching.disconnect();
}).observe(document, { childList: true, subtree: true })"""


USABLE = "performance.getEntriesByName('usable')[0]?.startTime"
"""When the list had been drawn; then the page begins to fetch ahead what may be asked for next."""


async def until_usable(page: Page) -> None:
    """Wait for that moment. By asking: what Playwright awaits in a page is `eval`, which ours does not allow."""
    await eventually(lambda: page.evaluate(f"{USABLE} !== undefined"))


async def loaded(page: Page, before: str = "Infinity") -> list[str]:
    """Names of the files that the page asked for until `before` (an expression, ms); without those of the engine."""
    names: list[str] = await page.evaluate(
        """(before) => {
            const entries = performance.getEntriesByType('resource').filter((one) => one.startTime < before);
            const paths = entries.map((one) => new URL(one.name).pathname);
            return paths.filter((path) => path.startsWith('/assets/')).map((path) => path.slice('/assets/'.length));
        }""",
        await page.evaluate(before),
    )
    return names


def engine(built: Path) -> list[str]:
    """Names of the engine's files."""
    return [path.name for path in (built / "assets").glob("worker-*.js")]


def weight(names: list[str], kind: str, built: Path) -> dict[str, int]:
    """Bytes of the files of a kind: with gzip, or as they are where they are compressed in themselves."""
    files = sorted({name for name in names if name.endswith(f".{kind}")})
    return {name: _transferred(built / "assets" / name) for name in files}


def _transferred(file: Path) -> int:
    packed = file.with_name(f"{file.name}.gz")
    return (packed if packed.exists() else file).stat().st_size
