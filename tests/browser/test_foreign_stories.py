"""The stories, told again at a real Synapse over `/v3/sync`, and what is missing there is not offered.

The browser gets the client from our own server and everything else from Synapse, behind one address. Run by
`./run test --full foreign`.
"""

import contextlib
import functools
import importlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson, furnished
from tests.browser.foreign import LACKING
from tests.browser.front import front
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS
from tests.support.client import Server
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tests.support.synapse import SynapseProcess
from tools.certificates import LocalCertificate

pytestmark = [pytest.mark.full("foreign"), pytest.mark.timeout(600)]


def _told_again(story: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The story as one of the part `foreign`, whatever part it is of at a server of ours."""

    @functools.wraps(story)
    async def again(**fixtures: object) -> None:
        await story(**fixtures)

    vars(again)["pytestmark"] = [mark for mark in getattr(story, "pytestmark", ()) if mark.name != "full"]
    return again


_FILES = "acting chat_facts chat_list chats groups list_details media people searching signing_up spaces writing"
TOLD = [importlib.import_module(f"tests.browser.test_{name}") for name in _FILES.split()]
for _module in TOLD:
    for _name, _story in vars(_module).items():
        if _name.startswith("test_") and callable(_story) and _name not in LACKING:
            globals()[_name] = _told_again(_story)


PUBLISHING = {"room_list_publication_rules": [{"action": "allow"}]}
"""Without it Synapse makes public rooms and lists none of them."""


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory,
    certificate: LocalCertificate,
    cluster: Cluster,
    new_database: Callable[[], Awaitable[str]],
) -> AsyncIterator[SimpleNamespace]:
    """In place of the house of ours: a `url`, a `name`. One for all stories: their people have names of their own."""
    ours = furnished(tmp_path_factory.mktemp("files"), certificate, await new_database())
    await ours.start()
    async with contextlib.AsyncExitStack() as open_:
        open_.push_async_callback(ours.kill)
        folder = tmp_path_factory.mktemp("foreign") / "synapse"
        synapse = await SynapseProcess.made(cluster, folder, certificate, open_, PUBLISHING)
        url = await open_.enter_async_context(front(files=ours.url, api=synapse.url))
        yield SimpleNamespace(url=url, name=synapse.name)


def test_each_story_that_is_not_told_says_what_it_lacks() -> None:
    known = {name for module in TOLD for name in vars(module)}
    assert set(LACKING) <= known
    assert all(lacking.needs and lacking.instead for lacking in LACKING.values())


async def test_what_needs_our_extensions_is_not_offered(house: ServerProcess, new_person: NewPerson) -> None:
    ursa = await new_person("ursa.alone", house)
    await ursa.signs_up()
    await ursa.makes_group("No extensions")
    await ursa.at("open-info").click()
    await ursa.at("info-edit").click()
    await expect(ursa.at("open-access")).to_be_visible()
    for row in ("open-roles", "open-links", "group-close"):
        await expect(ursa.at(row)).to_have_count(0)
    await ursa.page.keyboard.press("Escape")
    await ursa.at("main-menu").click()
    await ursa.at("menu-settings").click()
    await ursa.at("open-privacy").click()
    await expect(ursa.at("privacy-receipts")).to_be_visible()
    await expect(ursa.at("privacy-presence")).to_have_count(0)


async def test_two_talk_by_a_synapse_with_photos_edits_reactions_and_a_reload(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
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
