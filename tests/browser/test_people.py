"""People: profile, contacts, blocking, devices, privacy; and how the client looks and tells."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.files import halves
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.browser.pictures import opened
from tests.support.client import Server
from tests.support.server import ServerProcess


async def _opens_settings(person: Person, page: str | None = None) -> None:
    await person.at("main-menu").click()
    await person.at("menu-settings").click()
    if page is not None:
        await person.at(f"open-{page}").click()


async def test_a_new_name_and_photo_are_seen_by_others(house: ServerProcess, new_person: NewPerson) -> None:
    rita, stig = await new_person("rita", house), await new_person("stig", house)
    await rita.moves_in()
    await stig.moves_in()
    await rita.makes_group("Faces", inviting=stig)
    await stig.accepts("Faces")
    await stig.at("open-info").click()
    await _opens_settings(rita)
    await rita.at("settings-edit").click()
    await (
        rita.at("own-photo")
        .locator("input")
        .set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": halves((900, 300), "red", "blue")})
    )
    await _moves_the_picture(rita)
    await rita.at("crop-done").click()
    await expect(rita.at("crop-done")).to_have_count(0)  # what closes gives the focus back
    await rita.at("own-name").fill("Rita Mae")
    await rita.at("own-save").click()
    member = stig.page.locator(f"[data-testid=member][data-user='{rita.user_id}']")
    await expect(member).to_contain_text("Rita Mae", timeout=LIVE_LIMIT_MS)
    await expect(member.locator("img")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await stig.page.reload()
    await stig.is_live()
    await expect(member.locator("img")).to_be_visible(timeout=LIVE_LIMIT_MS)
    async with Server(house.url, house.name) as server:
        me = await server.login("stig")
        photo = (await me.call("GET", f"/v3/profile/{rita.user_id}/avatar_url"))["avatar_url"]
        url = f"{server.base_url}/_matrix/client/v1/media/download/{photo.removeprefix('mxc://')}"
        async with server.session.get(url, headers={"Authorization": f"Bearer {me.token}"}) as answer:
            picture = opened(await answer.read())
    # Moved to the right until its left end, then into that by half: all of it is red.
    assert picture.size == (150, 150)
    assert min(red for _, (red, _, _) in picture.getcolors(maxcolors=22_500) or []) > 200


async def _moves_the_picture(person: Person) -> None:
    """Pull the left end of a picture into the frame with the mouse, then zoom in by keys and wheel."""
    stage = person.at("crop-stage")
    await expect(person.at("crop-zoom")).to_be_enabled()
    box = await stage.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = person.page.mouse
    await mouse.move(x, y)
    await mouse.down()
    await mouse.move(x + 900, y, steps=6)
    await mouse.up()
    await mouse.move(x, y)
    await mouse.wheel(0, -100)
    await expect(person.at("crop-zoom")).not_to_have_value("1")
    await stage.press("+")
    await stage.press("ArrowLeft")
    await person.at("crop-zoom").fill("2")


@pytest.mark.full("browser")
async def test_a_person_is_named_by_me_and_blocked(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        thea = await new_person("thea", house)
        await thea.moves_in()
        udo = await server.register("udo")
        room_id = await udo.creates_public_room(name="Market")
        await (await server.login("thea")).joins(room_id)
        await udo.says("first", room_id)
        await thea.opens("Market")
        await thea.at("open-info").click()
        await thea.page.locator(f"[data-testid=member][data-user='{udo.user_id}']").click(timeout=LIVE_LIMIT_MS)
        await thea.at("menu-profile").click()
        await expect(thea.at("person-group", text="Market")).to_be_visible(timeout=LIVE_LIMIT_MS)
        await thea.at("person-contact").click()
        await thea.at("person-field").fill("Uncle Udo")
        await thea.at("person-save").click()
        await expect(thea.at("person-name")).to_have_text("Uncle Udo", timeout=LIVE_LIMIT_MS)
        await thea.at("person-block").click()
        await thea.at("question-yes").click()
        await expect(thea.at("person-block")).to_have_text("Unblock", timeout=LIVE_LIMIT_MS)
        await thea.page.keyboard.press("Escape")
        await udo.says("unheard", room_id)
        await thea.page.reload()
        await thea.is_live()
        await expect(thea.page.locator(f"[data-testid=member][data-user='{udo.user_id}']")).to_contain_text("Uncle Udo")
        await thea.sees_no("unheard")


@pytest.mark.full("browser")
async def test_another_device_is_named_and_signed_out_from_here(house: ServerProcess, new_person: NewPerson) -> None:
    vera, other = await new_person("vroni", house), await new_person("vroni", house)
    await vera.moves_in()
    await other.comes_in()
    await _opens_settings(vera, "sessions")
    await expect(vera.at("session")).to_have_count(1, timeout=LIVE_LIMIT_MS)
    await vera.at("session").click()
    await vera.at("menu-rename").click()
    await vera.at("session-field").fill("Kitchen tablet")
    await vera.at("session-submit").click()
    await expect(vera.at("session")).to_contain_text("Kitchen tablet", timeout=LIVE_LIMIT_MS)
    await vera.at("session").click()
    await vera.at("menu-end").click()
    await vera.at("confirm-password").fill("wrong")
    await vera.at("confirm-submit").click()
    await expect(vera.at("confirm-password")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await vera.at("confirm-password").fill(vera.password)
    await vera.at("confirm-submit").click()
    await expect(vera.at("session")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await expect(other.at("sign-in")).to_be_visible(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_privacy_is_kept_and_the_look_is_remembered(house: ServerProcess, new_person: NewPerson) -> None:
    wim, xara = await new_person("wim", house), await new_person("xara", house)
    await wim.moves_in()
    await xara.moves_in()
    await wim.starts_private_chat(xara)
    await xara.at("invite", text="wim").get_by_test_id("invite-accept").click()
    await wim.says("seen?")
    await xara.sees("seen?")
    await wim.sees_ticks("seen?", "read")
    await expect(wim.at("chat-status")).to_have_text("online", timeout=LIVE_LIMIT_MS)
    await _opens_settings(xara, "privacy")
    for switch in ("privacy-presence", "privacy-receipts", "privacy-typing"):
        await xara.at(switch).click()
        await expect(xara.at(switch)).to_have_attribute("aria-checked", "false")
    await expect(wim.at("chat-status")).not_to_have_text("online", timeout=LIVE_LIMIT_MS)
    await wim.says("and now?")
    await xara.sees("and now?")
    await xara.at("page-back").last.click()
    await xara.at("open-appearance").click()
    await xara.at("choice-dark").click()
    await xara.at("look-contrast").click()
    await xara.at("choice-12").click()
    await xara.at("page-back").last.click()
    await xara.at("open-language").click()
    await xara.at("choice-ru").click()
    await expect(xara.page.get_by_role("heading", name="Язык")).to_be_visible()
    await xara.page.reload()
    root = xara.page.locator("html")
    await expect(root).to_have_attribute("data-theme", "dark")
    await expect(root).to_have_attribute("data-contrast", "more")
    await expect(xara.at("message").last).to_contain_text(re.compile("[AP]M"))
    await expect(xara.at("search-input")).to_have_attribute("placeholder", "Поиск", timeout=LIVE_LIMIT_MS)
    await wim.sees_ticks("and now?", "sent")


@pytest.mark.full("browser")
async def test_what_comes_while_one_looks_elsewhere_is_told(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        ylva = await new_person("ylva", house)
        await ylva.moves_in()
        zelda = await server.register("zelda")
        own = await server.login("ylva")
        room_id = await zelda.creates_public_room(name="Harbour")
        await own.joins(room_id)
        await ylva.makes_group("Desk")
        await zelda.says("ship ahoy", room_id)
        await expect(ylva.at("notice")).to_contain_text("ship ahoy", timeout=LIVE_LIMIT_MS)
        await expect(ylva.page).to_have_title(re.compile(r"\(1\)"), timeout=LIVE_LIMIT_MS)
        await ylva.at("notice-open").click()
        await ylva.sees("ship ahoy")
        await ylva.at("open-info").click()
        await ylva.at("info-notifications").click()
        await ylva.at("menu-notify-none").click()
        await expect(ylva.at("info-notifications")).to_contain_text("Off", timeout=LIVE_LIMIT_MS)
        await ylva.opens("Desk")
        await zelda.says("unheard", room_id)
        await expect(ylva.at("chat-row", text="Harbour")).to_contain_text("unheard", timeout=LIVE_LIMIT_MS)
        await expect(ylva.at("notice")).to_have_count(0)
        await ylva.page.reload()
        await ylva.is_live()
        await zelda.says("nor after a reload", room_id)
        await expect(ylva.at("chat-row", text="Harbour")).to_contain_text("nor after", timeout=LIVE_LIMIT_MS)
        await expect(ylva.at("notice")).to_have_count(0)
