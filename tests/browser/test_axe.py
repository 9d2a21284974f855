"""What axe finds in the scenes: nothing serious. Contrast is judged where it is promised: in high contrast."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.scene_page import Looking, View, build, served
from tools import build_web

AXE = build_web.MODULES / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
FEW = ["main", "settings", "phone"]

_RUN = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map((one) => ({
  id: one.id,
  impact: one.impact,
  nodes: one.nodes.map((node) => `${node.target.join(' ')}: ${node.any.map((check) => check.message).join('; ')}`),
}))"""


@pytest.fixture(scope="module")
async def scenes() -> AsyncIterator[str]:
    async with served(build()) as url:
        yield url


@pytest.mark.short("browser")
async def test_axe_finds_nothing_serious_in_the_main_scenes(browser: Browser, scenes: str) -> None:
    async with Looking.at(browser, scenes, View(1440, contrast=True)) as looking:
        assert await _found(looking, FEW) == []


@pytest.mark.full("browser")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("view", [View(width, dark, contrast=True) for width in (1440, 390) for dark in (False, True)])
async def test_axe_finds_nothing_serious_in_any_scene(browser: Browser, scenes: str, view: View) -> None:
    async with Looking.at(browser, scenes, view) as looking:
        assert await _found(looking, await looking.names()) == []


async def _found(looking: Looking, names: list[str]) -> list[str]:
    source = AXE.read_text(encoding="utf-8")
    faults = []
    for name in names:
        await looking.shows(name)
        await looking.page.evaluate(source)
        violations: list[dict[str, Any]] = await looking.page.evaluate(_RUN)
        faults += [
            f"{name}: {one['id']} ({len(one['nodes'])}): {one['nodes'][:3]}"
            for one in violations
            if one["impact"] in SERIOUS
        ]
    return faults
