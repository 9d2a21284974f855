"""How much a page loads: the budgets, over the files that the living page asks for."""

import json
from pathlib import Path

from tests.browser.conftest import NewPerson
from tests.browser.loaded import MAIN, NOTE_WHEN_SHOWN, SIGN_IN, USABLE, engine, loaded, until_usable, weight
from tests.support.server import ServerProcess


async def test_the_sign_in_page_is_small(house: ServerProcess, new_person: NewPerson, web_client: Path) -> None:
    guest = await new_person("guest", house)
    await guest.page.add_init_script(NOTE_WHEN_SHOWN)
    await guest.opens_the_page()
    await guest.at("sign-in").wait_for()
    await guest.page.evaluate("document.fonts.ready")
    _is_within(SIGN_IN, await loaded(guest.page, before="shownAt"), web_client)


async def test_the_chats_are_within_their_budget_with_the_engine(
    house: ServerProcess, new_person: NewPerson, web_client: Path
) -> None:
    ella = await new_person("ella", house)
    await ella.signs_up()
    await ella.page.reload()
    await ella.is_live()
    assert len(engine(web_client)) == 1, "the engine is one file"
    await until_usable(ella.page)
    _is_within(MAIN, [*await loaded(ella.page, before=USABLE), *engine(web_client)], web_client)


def test_what_is_kept_for_times_without_a_network_is_all_of_the_page(web_client: Path) -> None:
    listed = json.loads((web_client / "assets.json").read_bytes())
    built = {f"/assets/{file.name}" for file in (web_client / "assets").iterdir() if file.suffix not in {".br", ".gz"}}
    assert set(listed) == built


def _is_within(budget: dict[str, int], names: list[str], web_client: Path) -> None:
    for kind, limit in budget.items():
        sizes = weight(names, kind, web_client)
        assert sizes, f"the page loads no {kind}"
        assert sum(sizes.values()) <= limit, f"{kind}: {sum(sizes.values())} bytes of {limit}: {sizes}"
