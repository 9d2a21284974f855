"""The stories, told again at a real Synapse over `/v3/sync`, and what is missing there is not offered.

The browser gets the client from our own server and everything else from Synapse, behind one address.
"""

import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson, furnished
from tests.browser.foreign import LACKING
from tests.browser.front import front
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tests.support.synapse import SynapseProcess
from tools.certificates import LocalCertificate

pytestmark = [pytest.mark.full("browser"), pytest.mark.timeout(300)]

_FILES = "acting chat_facts chat_list chats groups list_details media people searching signing_up spaces writing"
TOLD = [importlib.import_module(f"tests.browser.test_{name}") for name in _FILES.split()]
for _module in TOLD:
    for _name, _story in vars(_module).items():
        if _name.startswith("test_") and callable(_story) and _name not in LACKING:
            globals()[_name] = _story


PUBLISHING = {"room_list_publication_rules": [{"action": "allow"}]}
"""Without it Synapse makes public rooms and lists none of them."""


class Houses:
    """A Synapse for each file of stories, whose people have names of their own; one at a time."""

    def __init__(self, files: str, made: Callable[[], Awaitable[SynapseProcess]]) -> None:
        self._files = files
        self._made = made
        self._file = ""
        self._house = SimpleNamespace()
        self._open = contextlib.AsyncExitStack()

    async def of(self, file: str) -> SimpleNamespace:
        """The house of these stories: a `url`, a `name`."""
        if file != self._file:
            await self.close()
            synapse = await self._made()
            self._open.push_async_callback(synapse.kill)
            url = await self._open.enter_async_context(front(files=self._files, api=synapse.url))
            self._house = SimpleNamespace(url=url, name=synapse.name)
            self._file = file
        return self._house

    async def close(self) -> None:
        """Stop the one that runs."""
        await self._open.aclose()
        self._file = ""


@pytest.fixture(scope="module")
async def houses(
    tmp_path_factory: pytest.TempPathFactory,
    certificate: LocalCertificate,
    cluster: Cluster,
    new_database: Callable[[], Awaitable[str]],
) -> AsyncIterator[Houses]:
    files: ServerProcess = furnished(tmp_path_factory.mktemp("files"), certificate, await new_database())
    await files.start()
    async with contextlib.AsyncExitStack() as databases:

        async def made() -> SynapseProcess:
            folder: Path = tmp_path_factory.mktemp("foreign") / "synapse"
            return await SynapseProcess.made(cluster, folder, certificate, databases, PUBLISHING)

        all_of_them = Houses(files.url, made)
        yield all_of_them
        await all_of_them.close()
    await files.kill()


@pytest.fixture
async def house(houses: Houses, request: pytest.FixtureRequest) -> SimpleNamespace:
    """In place of the house of ours."""
    return await houses.of(request.function.__module__)


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
