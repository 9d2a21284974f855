"""The same client at a real Synapse, over `/v3/sync`: what needs no extension of ours works the same."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import files
from tests.browser.conftest import NewPerson
from tests.browser.front import front
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tests.support.synapse import SynapseProcess
from tools.certificates import LocalCertificate


@pytest.fixture(scope="module")
async def synapse(
    cluster: Cluster, certificate: LocalCertificate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SynapseProcess]:
    async with AsyncExitStack() as resources:
        yield await SynapseProcess.made(cluster, tmp_path_factory.mktemp("foreign") / "synapse", certificate, resources)


@pytest.mark.full("browser")
@pytest.mark.timeout(300)
async def test_two_talk_by_a_synapse_with_photos_edits_reactions_and_a_reload(
    house: ServerProcess, synapse: SynapseProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    async with front(files=house.url, api=synapse.url) as url, Server(synapse.url, synapse.name) as server:
        await server.users("ursa", "vega")
        ursa, vega = await _at(url, synapse, new_person, "ursa"), await _at(url, synapse, new_person, "vega")
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


async def _at(url: str, synapse: SynapseProcess, new_person: NewPerson, name: str) -> Person:
    person = await new_person(name, synapse, url=url)
    assert person.server_name == synapse.name
    return person
