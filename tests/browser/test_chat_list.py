"""The list of chats: archive, folders, drafts on two devices, invitations, searching."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess


@pytest.mark.full("browser")
async def test_archive_folders_and_drafts_are_the_same_on_all_devices(
    house: ServerProcess, new_person: NewPerson
) -> None:
    here, there = await new_person("abel", house), await new_person("abel", house)
    await here.moves_in()
    await here.makes_group("Archive me")
    await here.makes_group("Keep me")
    await there.comes_in()
    await here.at("chat-row", text="Archive me").click(button="right")
    await here.at("menu-archive").click()
    for device in (here, there):
        await expect(device.at("archive-row")).to_contain_text("Archive me", timeout=LIVE_LIMIT_MS)
        await expect(device.at("chat-row")).to_have_count(1)
    await there.at("archive-row").click()
    await expect(there.at("archive").get_by_test_id("chat-row")).to_contain_text("Archive me")
    await there.at("page-back").last.click()

    await here.at("main-menu").click()
    await here.at("menu-settings").click()
    await here.at("open-folders").click()
    await here.at("folder-new").click()
    await here.at("folder-name").fill("Work")
    await here.at("folder-chat", text="Keep me").click()
    await here.at("folder-save").click()
    await there.at("tab", text="Work").click(timeout=LIVE_LIMIT_MS)
    await expect(there.at("chat-row")).to_contain_text("Keep me")

    await here.at("page-back").last.click()
    await here.at("page-back").last.click()
    await here.opens("Keep me")
    await here.writes("half a thought")
    await expect(there.at("row-preview")).to_contain_text("half a thought", timeout=LIVE_LIMIT_MS)
    await there.opens("Keep me")
    await expect(there.at("composer-input")).to_have_value("half a thought", timeout=LIVE_LIMIT_MS)


async def test_an_unwanted_invitation_is_refused_with_its_sender(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        cora = await new_person("cora", house)
        await cora.moves_in()
        pest = await server.register("pest")
        me = await server.login("cora")
        await pest.creates_room(inviting=me, name="Great offer")
        await cora.at("invite", text="Great offer").get_by_test_id("invite-more").click(timeout=LIVE_LIMIT_MS)
        await cora.at("menu-invite-block").click()
        await expect(cora.at("invite")).to_have_count(0, timeout=LIVE_LIMIT_MS)
        status, _ = await pest.ask("POST", "/v3/createRoom", {"invite": [me.user_id]})
        assert status >= 400
        await cora.page.reload()
        await cora.is_live()
        await expect(cora.at("invite")).to_have_count(0)
