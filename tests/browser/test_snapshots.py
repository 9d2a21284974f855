"""Scenes look the same in every run, and as they looked when somebody last looked at them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.pictures import (
    BASE,
    BASE_COUNT,
    BASE_MOST_BYTES,
    SAME,
    Facts,
    base_file,
    base_views,
    differing,
    opened,
    unlike_base,
)
from tests.browser.scene_page import STILL_ARGUMENTS, VIEWS, Looking, View, build, fonts_beside_ours, served
from tests.support.browser import launch_arguments

FEWEST_TEXTS = 20
IN_SHORT = 7
"""Of the base, every run looks at each seventh: the views take turns by sixes, so they differ."""


@pytest.fixture(scope="module")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """One of its own: what makes it draw the same way every time slows others down."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium, args=[*launch_arguments(), *STILL_ARGUMENTS]
        )
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def scenes() -> AsyncIterator[str]:
    async with served(build()) as url:
        yield url


@pytest.mark.parametrize(
    "every",
    [pytest.param(IN_SHORT, marks=pytest.mark.short("browser")), pytest.param(1, marks=pytest.mark.full("browser"))],
)
@pytest.mark.timeout(600)
async def test_scenes_look_as_their_base(
    browser: Browser, scenes: str, every: int, record_property: Callable[[str, Any], None]
) -> None:
    async with Looking.at(browser, scenes, View(1440)) as looking:
        names = await looking.names()
        here = Facts(browser.version.split(".")[0], await fonts_beside_ours(looking.page))
    wanted = base_views(names)[::every]
    if here != Facts.kept():
        record_property("the base is of another browser or other fonts, so twice the same is asked", str(here))
    worst, wrong = 0.0, []
    for view in VIEWS:
        async with Looking.at(browser, scenes, view) as looking:
            for name in [name for name, its in wanted if its == view]:
                now = opened(await looking.picture(name))
                if here == Facts.kept():
                    share = unlike_base(now, opened(base_file(name, view)))
                else:
                    share = differing(now, opened(await looking.picture(name)))
                worst = max(worst, share)
                if share > SAME:
                    wrong.append(f"{name} {view}: {share:.2%} of its pixels")
    record_property("largest share of other pixels", f"{worst:.3%}")
    assert not wrong, "if this is wanted, look at it and run: python -m tests.browser.take\n" + "\n".join(wrong)


def test_the_base_is_whole_and_small() -> None:
    pictures = list(BASE.glob("*.webp"))
    assert len(pictures) == BASE_COUNT
    assert sum(picture.stat().st_size for picture in pictures) <= BASE_MOST_BYTES


@pytest.mark.full("browser")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("view", VIEWS, ids=str)
async def test_every_scene_is_drawn_twice_the_same_and_is_full_of_words(
    browser: Browser, scenes: str, view: View
) -> None:
    async with Looking.at(browser, scenes, view) as one, Looking.at(browser, scenes, view) as other:
        names = await one.names()
        assert len(names) >= BASE_COUNT
        unlike, empty = [], []
        for name in names:
            share = differing(*map(opened, await asyncio.gather(one.picture(name), other.picture(name))))
            if share > 0:
                unlike.append(f"{name}: {share:.3%}")
            if view.width == max(view.width for view in VIEWS) and await one.texts() < FEWEST_TEXTS:
                empty.append(f"{name}: {await one.texts()}")
    assert unlike == []
    assert empty == []
