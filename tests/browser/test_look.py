"""The look in numbers, read from the living page: wide and on a phone, by day and by night."""

import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.scene import furnish
from tests.support.client import Server
from tests.support.server import ServerProcess
from tools.environment import ROOT

MEASURES: list[dict[str, Any]] = json.loads(
    (ROOT / "webclient" / "tests" / "scenes" / "measures.json").read_text(encoding="utf-8")
)["measures"]
TOLERANCE_PX = 0.5

READ = """(measure) => {
    const found = document.querySelectorAll(measure.find)[measure.nth ?? 0];
    if (!found) return null;
    const box = found.getBoundingClientRect();
    return measure.of in box ? box[measure.of] : getComputedStyle(found)[measure.of];
}"""


def test_there_are_enough_measures() -> None:
    assert len(MEASURES) >= 40
    assert len({measure["name"] for measure in MEASURES}) == len(MEASURES)
    assert sum("phone" in measure for measure in MEASURES) >= 8
    assert sum("dark" in measure for measure in MEASURES) >= 8


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("phone", [False, True], ids=["1280", "390"])
async def test_the_page_measures_what_the_design_says(
    house: ServerProcess, new_person: NewPerson, phone: bool, dark: bool
) -> None:
    name = f"look{int(phone)}{int(dark)}"
    async with Server(house.url, house.name) as server:
        scene = await furnish(server, name)
    person = await new_person(name, house, phone=phone, dark=dark)
    await person.comes_in()
    await person.opens(scene.crew_name)
    await person.sees("And from here")
    await person.at("unread-line").wait_for()
    await expect(person.at("chat-row", text=scene.crew_name).get_by_test_id("unread-badge")).to_have_count(0)
    await expect(person.at("online-dot").first).to_be_attached()
    await person.page.evaluate("document.fonts.ready")
    await person.page.wait_for_timeout(500)  # the pane slides, badges pop

    wrong = []
    for measure in MEASURES:
        wanted = measure["wide"]
        if phone:
            wanted = measure.get("phone", wanted)
        if dark:
            wanted = measure.get("dark", wanted)
        found = await person.page.evaluate(READ, measure)
        near = (
            isinstance(found, int | float) and isinstance(wanted, int | float) and abs(found - wanted) <= TOLERANCE_PX
        )
        if not near and found != wanted:
            wrong.append(f"{measure['name']}: {found!r} and not {wanted!r}")
    assert not wrong, "\n".join(wrong)
