"""How much a page loads: the budgets, over the files that the living page asks for."""

from pathlib import Path

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.support.server import ServerProcess

KB = 1024
SIGN_IN = {"js": 45 * KB, "css": 12 * KB, "woff2": 40 * KB}
MAIN = {"js": 140 * KB, "css": 28 * KB}

# What the page fetches ahead once the form can be used is not what the form waits for.
NOTE_WHEN_SHOWN = """new MutationObserver((_, watching) => {
    if (!document.querySelector('[data-testid=sign-in]')) return;
    document.fonts.ready.then(() => { globalThis.shownAt = performance.now(); });
    watching.disconnect();
}).observe(document, { childList: true, subtree: true })"""


async def test_the_sign_in_page_is_small(house: ServerProcess, new_person: NewPerson, web_client: Path) -> None:
    guest = await new_person("guest", house)
    await guest.page.add_init_script(NOTE_WHEN_SHOWN)
    await guest.opens_the_page()
    await guest.at("sign-in").wait_for()
    await guest.page.evaluate("document.fonts.ready")
    await _is_within(SIGN_IN, await _loaded(guest, before="shownAt"), web_client)


async def test_the_chats_are_within_their_budget_with_the_engine(
    house: ServerProcess, new_person: NewPerson, web_client: Path
) -> None:
    ella = await new_person("ella", house)
    await ella.signs_up()
    await ella.page.reload()
    await ella.is_live()
    engine = [path.name for path in (web_client / "assets").glob("worker-*.js")]
    assert len(engine) == 1, "the engine is one file"
    await _is_within(MAIN, [*await _loaded(ella), *engine], web_client)


async def _loaded(person: Person, before: str = "Infinity") -> list[str]:
    """Names of the files that the page asked for until `before`; the engine's are not among them."""
    names: list[str] = await person.page.evaluate(
        """(before) => {
            const entries = performance.getEntriesByType('resource').filter((one) => one.startTime < before);
            const paths = entries.map((one) => new URL(one.name).pathname);
            return paths.filter((path) => path.startsWith('/assets/')).map((path) => path.slice('/assets/'.length));
        }""",
        await person.page.evaluate(before),
    )
    return names


async def _is_within(budget: dict[str, int], names: list[str], web_client: Path) -> None:
    for kind, limit in budget.items():
        files = sorted({name for name in names if name.endswith(f".{kind}")})
        assert files, f"the page loads no {kind}"
        sizes = {name: _transferred(web_client / "assets" / name) for name in files}
        assert sum(sizes.values()) <= limit, f"{kind}: {sum(sizes.values())} bytes of {limit}: {sizes}"


def _transferred(file: Path) -> int:
    """Bytes on the wire with gzip; what is compressed in itself goes as it is."""
    packed = file.with_name(f"{file.name}.gz")
    return (packed if packed.exists() else file).stat().st_size
