"""The stories, told again at a real Synapse over `/v3/sync`, and what is missing there is not offered.

The browser gets the client from our own server and everything else from Synapse, behind one address. Run by
`./run test --full foreign`.
"""

import contextlib
import functools
import importlib
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson, furnished
from tests.browser.foreign import LACKING
from tests.browser.foreign_house import ForeignHouse, foreign_house
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS
from tests.browser.test_bad_networks import gate
from tests.browser.test_errors import trouble
from tests.browser.test_two_servers import live
from tests.support.client import Server
from tests.support.postgres import Cluster
from tools.certificates import LocalCertificate

pytestmark = [pytest.mark.full("foreign"), pytest.mark.timeout(600)]

FIXTURES = (gate, live, trouble)
"""Of the files of stories that are told."""


def _told_again(story: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The story as one of the part `foreign`, whatever part it is of at a server of ours."""

    @functools.wraps(story)
    async def again(**fixtures: object) -> None:
        await story(**fixtures)

    marks = [mark for mark in getattr(story, "pytestmark", ()) if mark.name not in ("full", "short")]
    vars(again)["pytestmark"] = [_short(mark) if mark.name == "parametrize" else mark for mark in marks]
    return again


def _short(mark: pytest.Mark) -> pytest.Mark:
    """Those of the values which `./run test` takes."""

    names, values = mark.args
    sets = [value if isinstance(value, ParameterSet) else pytest.param(value) for value in values]
    short = [one for one in sets if all(own.name != "full" for own in one.marks)]
    return pytest.mark.parametrize(names, [pytest.param(*one.values) for one in short]).mark


def _is_story(name: str, value: object) -> bool:
    return name.startswith("test_") and inspect.iscoroutinefunction(value)


_FILES = """acting bad_networks chat_facts chat_list chats closing encrypted errors focus following full_disk groups
hostile keyboard large_groups links list_details media own_ways people polls scrolling searching signing_up spaces
stickers storms talking threads timed told two_servers web_push wishes writing"""
"""All but what is about our files alone (how they look, how large they are), and phone numbers."""
TOLD = [importlib.import_module(f"tests.browser.test_{name}") for name in _FILES.split()]
for _module in TOLD:
    for _name, _story in vars(_module).items():
        if _is_story(_name, _story) and _name not in LACKING:
            globals()[_name] = _told_again(_story)


@pytest.fixture(scope="module")
async def our_files(
    tmp_path_factory: pytest.TempPathFactory,
    certificate: LocalCertificate,
    new_database: Callable[[], Awaitable[str]],
) -> AsyncIterator[str]:
    """Where the client is served: a server of ours that is asked for nothing else."""
    ours = furnished(tmp_path_factory.mktemp("files"), certificate, await new_database())
    await ours.start()
    yield ours.url
    await ours.kill()


@pytest.fixture(scope="module")
async def house_of_file(
    our_files: str, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, certificate: LocalCertificate
) -> AsyncIterator[Callable[[str], Awaitable[ForeignHouse]]]:
    """The house that the stories of a file share, by the name of the file; the one before it ends."""
    lived_in: list[tuple[str, ForeignHouse]] = []
    async with contextlib.AsyncExitStack() as open_:

        async def of(file: str) -> ForeignHouse:
            if not lived_in or lived_in[-1][0] != file:
                await open_.aclose()
                folder = tmp_path_factory.mktemp("foreign") / "synapse"
                house = await open_.enter_async_context(foreign_house(our_files, cluster, folder, certificate, {}))
                lived_in.append((file, house))
            return lived_in[-1][1]

        yield of


@pytest.fixture
async def house(
    house_of_file: Callable[[str], Awaitable[ForeignHouse]], request: pytest.FixtureRequest
) -> ForeignHouse:
    """In place of the house of ours."""
    return await house_of_file(request.function.__module__)


@pytest.fixture
async def new_house(
    our_files: str, cluster: Cluster, tmp_path: Path, certificate: LocalCertificate
) -> AsyncIterator[Callable[..., Awaitable[ForeignHouse]]]:
    """In place of houses of ours for one story alone."""
    async with contextlib.AsyncExitStack() as open_:
        made = 0

        async def new(**config: Any) -> ForeignHouse:
            nonlocal made
            made += 1
            folder = tmp_path / f"house{made}"
            return await open_.enter_async_context(foreign_house(our_files, cluster, folder, certificate, config))

        yield new


def test_each_story_that_is_not_told_says_what_it_lacks() -> None:
    known = {name for module in TOLD for name in vars(module)}
    assert set(LACKING) <= known
    assert all(lacking.needs and lacking.instead for lacking in LACKING.values())


def test_no_story_hides_another_of_the_same_name() -> None:
    names = [name for module in TOLD for name, value in vars(module).items() if _is_story(name, value)]
    assert len(names) == len(set(names))


async def test_what_needs_our_extensions_is_not_offered(house: ForeignHouse, new_person: NewPerson) -> None:
    ursa = await new_person("ursa.alone", house)
    await ursa.signs_up()
    await ursa.makes_group("No extensions")
    await ursa.at("open-info").click()
    await ursa.at("info-edit").click()
    await expect(ursa.at("open-access")).to_be_visible()
    for row in house.lacks:
        await expect(ursa.at(row)).to_have_count(0)
    await ursa.page.keyboard.press("Escape")
    await ursa.writes("good night")
    await ursa.at("send").click(button="right")
    await expect(ursa.at("menu-send-later")).to_be_visible()
    await expect(ursa.at("menu-send-silent")).to_have_count(0)
    await ursa.page.keyboard.press("Escape")
    await ursa.at("main-menu").click()
    await ursa.at("menu-settings").click()
    await ursa.at("open-privacy").click()
    await expect(ursa.at("privacy-receipts")).to_be_visible()
    await expect(ursa.at("privacy-presence")).to_have_count(0)
    await ursa.page.keyboard.press("Escape")
    await ursa.at("open-notifications").click()
    await expect(ursa.at("notify-desktop")).to_be_visible()
    await expect(ursa.at("notify-away")).to_have_count(0)


async def test_two_talk_by_a_synapse_with_photos_edits_reactions_and_a_reload(
    house: ForeignHouse, new_person: NewPerson, tmp_path: Path
) -> None:
    async with Server(house.url, house.name) as server:
        await server.users("ursa", "vega")
        ursa, vega = await new_person("ursa", house), await new_person("vega", house)
        await ursa.signs_in()
        await vega.signs_in()
        room_id = await ursa.makes_group("Far away", inviting=vega)
        await vega.accepts("Far away")
        await ursa.says("hello **there**")
        await vega.sees("hello there", START_LIMIT_MS)
        await ursa.sees_ticks("hello there", "read", START_LIMIT_MS)
        await vega.writes("w")
        await ursa.sees_typing(START_LIMIT_MS)
        await vega.at("composer-input").fill("")
        await vega.replies("hello there", "hello back")
        await ursa.sees("hello back", START_LIMIT_MS)
        await vega.changes("hello back", "hello again")
        await ursa.sees("hello again", START_LIMIT_MS)
        await ursa.message("hello again").get_by_test_id("bubble").dblclick()
        await expect(vega.message("hello again").get_by_test_id("reaction")).to_be_visible(timeout=START_LIMIT_MS)
        await ursa.at("attach-photo-input").set_input_files([files.photo(tmp_path, "far.jpg", (900, 600), "#36c")])
        await ursa.at("send-files").click()
        shown = vega.at("image").locator("[data-state=shown]")
        await expect(shown).to_have_count(1, timeout=START_LIMIT_MS)
        await ursa.deletes("hello there")
        await vega.sees_no("hello there", START_LIMIT_MS)
        await vega.page.reload()
        await vega.is_live()
        await vega.sees("hello again")
        await expect(shown).to_have_count(1, timeout=LIVE_LIMIT_MS)
        said = await (await server.login("ursa")).history(room_id)
        assert len([event for event in said if event["type"] == "m.reaction"]) == 1, "nothing went out twice"
        await expect(ursa.at("service-line", text=re.compile("joined"))).to_have_count(2)
