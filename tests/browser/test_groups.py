"""Groups: who can come in, what roles allow, who is out; and that all the others see it at once."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess


async def _opens_member_menu(person: Person, user_id: str) -> None:
    await person.page.locator(f"[data-testid=member][data-user='{user_id}']").click(timeout=LIVE_LIMIT_MS)


async def test_a_role_is_made_and_given_and_what_it_allows_is_there_at_once(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        gina, hans = await new_person("gina", house), await new_person("hans", house)
        await gina.moves_in()
        await hans.moves_in()
        room_id = await gina.makes_group("Garden", inviting=hans)
        await hans.accepts("Garden")
        ivan = await server.register("ivan")
        await (await server.login("gina")).invites(ivan, room_id)
        await ivan.joins(room_id)

        await gina.at("open-info").click()
        await gina.at("info-edit").click()
        await gina.at("open-roles").click()
        await gina.at("role-new").click()
        await gina.at("role-name").fill("Wardens")
        await gina.at("role-colour-green").click()
        await gina.at("permission-ban").click()
        await gina.at("permission-kick").click()
        await expect(gina.at("roles-unsaved")).to_be_visible()
        await gina.at("roles-save").click()
        await expect(gina.at("roles-unsaved")).to_have_count(0)
        await gina.at("page-back").last.click()
        await gina.at("page-back").last.click()

        await hans.at("open-info").click()
        await _opens_member_menu(hans, ivan.user_id)
        await expect(hans.at("menu-ban")).to_have_count(0)
        await hans.page.keyboard.press("Escape")
        await _opens_member_menu(gina, hans.user_id)
        await gina.at("menu-roles").click()
        await gina.at("member-role", text="Wardens").click()
        await gina.at("member-roles-save").click()
        own = hans.page.locator(f"[data-testid=member][data-user='{hans.user_id}']")
        await expect(own.get_by_test_id("member-label")).to_have_text("Wardens", timeout=LIVE_LIMIT_MS)

        await _opens_member_menu(hans, ivan.user_id)
        await hans.at("menu-ban").click()
        await hans.at("removal-reason").fill("trampled the beds")
        await hans.at("removal-yes").click()
        await expect(gina.page.locator(f"[data-testid=member][data-user='{ivan.user_id}']")).to_have_count(0)
        await gina.page.reload()
        await gina.is_live()
        await gina.at("info-edit").click()
        await gina.at("open-banned").click()
        await expect(gina.at("banned-user")).to_contain_text("trampled the beds", timeout=LIVE_LIMIT_MS)
        await gina.at("banned-user").click()
        await gina.at("question-yes").click()
        await expect(gina.at("banned-user")).to_have_count(0, timeout=LIVE_LIMIT_MS)
        await gina.at("page-back").last.click()
        await gina.at("open-log").click()
        await expect(gina.at("log-entry", text="banned").first).to_be_visible(timeout=LIVE_LIMIT_MS)
        await expect(gina.at("log-entry", text="New role")).to_contain_text("Ban people")
        await expect(gina.at("log-entry", text="has the role")).to_contain_text("Wardens")


async def _sees_the_group_as_its_roles_do(owner: Person, member_id: str) -> None:
    """From the page of roles: as "Lower" (writes and removes), then as everyone (does neither), and back."""
    bar = owner.at("viewing-as")
    await owner.at("role", text="Lower").click()
    await owner.at("menu-view-as").click()
    await expect(bar).to_contain_text("Lower", timeout=LIVE_LIMIT_MS)
    await expect(owner.at("composer-input")).to_be_visible()
    await _opens_member_menu(owner, member_id)
    await expect(owner.at("menu-kick")).to_be_visible(timeout=LIVE_LIMIT_MS)
    for beyond in ("menu-ban", "menu-roles", "menu-rank", "menu-mute"):
        await expect(owner.at(beyond)).to_have_count(0)
    await owner.page.keyboard.press("Escape")
    await owner.at("info-edit").click()
    await expect(owner.at("edit-name")).to_be_disabled(timeout=LIVE_LIMIT_MS)
    await expect(owner.at("open-roles")).to_have_count(0)
    await owner.at("viewing-as-end").click()
    await expect(bar).to_have_count(0)
    await expect(owner.at("edit-name")).to_be_enabled()

    await owner.at("open-roles").click()
    await owner.at("role-everyone").click()
    await owner.at("view-as-everyone").click()
    await expect(owner.at("composer-not-allowed")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await _opens_member_menu(owner, member_id)
    await expect(owner.at("menu-profile")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await expect(owner.at("menu-kick")).to_have_count(0)
    await owner.page.keyboard.press("Escape")
    await owner.at("viewing-as-end").click()
    await expect(owner.at("composer-input")).to_be_visible(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_roles_are_carried_and_what_the_removed_wrote_is_erased(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        ruta = await new_person("ruta", house)
        await ruta.moves_in()
        room_id = await ruta.makes_group("Order")
        pest, me = await server.register("pest"), await server.login("ruta")
        await me.invites(pest, room_id)
        await pest.joins(room_id)
        for number in range(3):
            await pest.says(f"spam {number}", room_id)
        await me.says("stays", room_id)
        await ruta.at("open-info").click()
        await ruta.at("info-edit").click()
        await expect(ruta.at("group-version")).to_contain_text("12")
        await ruta.at("open-roles").click()
        for name in ("Upper", "Lower"):
            await ruta.at("role-new").click()
            await ruta.at("role-name").fill(name)
        boxes = [await ruta.at("role", text=name).bounding_box() for name in ("Lower", "Upper")]
        assert boxes[0] is not None
        assert boxes[1] is not None
        mouse = ruta.page.mouse
        await mouse.move(boxes[0]["x"] + 80, boxes[0]["y"] + boxes[0]["height"] / 2)
        await mouse.down()
        await mouse.move(boxes[1]["x"] + 80, boxes[1]["y"] + 5, steps=8)
        await mouse.up()
        await expect(ruta.at("role")).to_contain_text(["Lower", "Upper"])
        for allowed in ("send", "kick"):
            await ruta.at(f"permission-{allowed}").click()
        await ruta.at("role-everyone").click()
        await expect(ruta.at("view-as-everyone")).to_have_count(0)
        await ruta.at("permission-send").click()
        await ruta.at("roles-save").click()
        await expect(ruta.at("roles-unsaved")).to_have_count(0, timeout=LIVE_LIMIT_MS)
        roles = (await me.state(room_id, "app.hearth.roles"))["roles"]
        assert [role["name"] for role in roles] == ["Lower", "Upper"]
        before = [event["event_id"] for event in await me.history(room_id)]
        await _sees_the_group_as_its_roles_do(ruta, pest.user_id)
        assert [event["event_id"] for event in await me.history(room_id)] == before, "looking sends nothing"

        await _opens_member_menu(ruta, pest.user_id)
        await ruta.at("menu-kick").click()
        await ruta.at("choice-day").click()
        await ruta.at("removal-yes").click()
        for number in range(3):
            await ruta.sees_no(f"spam {number}")
        await ruta.page.reload()
        await ruta.is_live()
        await ruta.sees("stays")
        await ruta.sees_no("spam 0")
        assert "spam 0" not in [event["content"].get("body") for event in await me.history(room_id)]
        await ruta.at("info-edit").click()
        await ruta.at("open-log").click()
        await expect(ruta.at("log-entry", text="pest").first).to_be_visible()
        await ruta.at("log-by").click()
        await ruta.page.get_by_role("menuitem", name="pest").click()
        await expect(ruta.at("log-entry", text="ruta")).to_have_count(0)


@pytest.mark.full("browser")
async def test_the_last_owner_hands_the_group_over_before_leaving(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        sofia = await new_person("sofia", house)
        await sofia.moves_in()
        room_id = await sofia.makes_group("Choir")
        theo, me = await server.register("theo"), await server.login("sofia")
        await me.invites(theo, room_id)
        await theo.joins(room_id)
        await sofia.at("open-info").click()
        await expect(sofia.page.locator(f"[data-testid=member][data-user='{theo.user_id}']")).to_be_visible()
        await sofia.at("info-leave").click()
        await sofia.at("choice-hand-over").click()
        await _opens_member_menu(sofia, theo.user_id)
        await sofia.at("menu-rank").click()
        await sofia.at("menu-rank-100").click()
        member = sofia.page.locator(f"[data-testid=member][data-user='{theo.user_id}']")
        await expect(member.get_by_test_id("member-label")).to_be_visible()
        await sofia.at("info-leave").click()
        await sofia.at("question-yes").click()
        await expect(sofia.at("chat-row", text="Choir")).to_have_count(0)
        assert (await theo.state(room_id, "m.room.power_levels"))["users"][theo.user_id] == 100
        assert me.user_id not in (await theo.call("GET", f"/v3/rooms/{room_id}/joined_members"))["joined"]
        await sofia.page.reload()
        await sofia.is_live()
        await expect(sofia.at("chat-row", text="Choir")).to_have_count(0)


@pytest.mark.full("browser")
async def test_who_is_muted_writes_again_when_allowed(house: ServerProcess, new_person: NewPerson) -> None:
    jana, kurt = await new_person("jana", house), await new_person("kurt", house)
    await jana.moves_in()
    await kurt.moves_in()
    await jana.makes_group("Quiet please", inviting=kurt)
    await kurt.accepts("Quiet please")
    await jana.at("open-info").click()
    await _opens_member_menu(jana, kurt.user_id)
    await jana.at("menu-mute").click()
    await expect(kurt.at("composer-not-allowed")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await _opens_member_menu(jana, kurt.user_id)
    await jana.at("menu-unmute").click()
    await expect(kurt.at("composer-input")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await kurt.says("thanks")
    await jana.sees("thanks")


@pytest.mark.full("browser")
async def test_a_public_group_is_found_by_name_and_closed_for_all(house: ServerProcess, new_person: NewPerson) -> None:
    lena, mark = await new_person("lena", house), await new_person("mark", house)
    await lena.moves_in()
    await mark.moves_in()
    await lena.at("left-column").hover()
    await lena.at("new-chat").click()
    await lena.at("menu-new-group").click()
    await lena.at("group-next").click()
    await lena.at("group-name").fill("Stargazers")
    await lena.at("group-topic").fill("Clear nights only")
    await lena.at("choice-public").click()
    await lena.at("public-name").fill("stargazers")
    await expect(lena.page.get_by_text("This name is free")).to_be_visible(timeout=LIVE_LIMIT_MS)
    await lena.at("group-create").click()
    await expect(lena.at("chat-title")).to_have_text("Stargazers", timeout=LIVE_LIMIT_MS)

    await mark.at("search-input").fill("stargaz")
    await mark.at("found-group", text="Stargazers").click(timeout=LIVE_LIMIT_MS)
    await expect(mark.at("preview-name")).to_have_text("Stargazers", timeout=LIVE_LIMIT_MS)
    await mark.at("preview-join").click()
    await expect(mark.at("chat-title")).to_have_text("Stargazers", timeout=LIVE_LIMIT_MS)
    await mark.says("hello stars")
    await lena.sees("hello stars")

    await lena.at("open-info").click()
    await lena.at("info-edit").click()
    await lena.at("group-close").click()
    await lena.at("question-yes").click()
    await expect(lena.at("chat-row", text="Stargazers")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await expect(mark.at("chat-row", text="Stargazers")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await mark.page.reload()
    await mark.is_live()
    await expect(mark.at("chat-row")).to_have_count(0)


async def test_people_come_by_a_link_or_ask_to_be_let_in(house: ServerProcess, new_person: NewPerson) -> None:
    nora, otto = await new_person("nora", house), await new_person("otto", house)
    await nora.moves_in()
    await otto.moves_in()
    await nora.makes_group("By link")
    await nora.at("open-info").click()
    await nora.at("info-edit").click()
    await nora.at("open-links").click()
    await nora.at("link-new").click()
    await nora.at("link-name").fill("poster")
    await nora.at("link-limit").fill("1")
    await nora.at("link-submit").click()
    await expect(nora.at("link", text="poster")).to_contain_text("uses", timeout=LIVE_LIMIT_MS)
    await nora.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await nora.at("link", text="poster").click()
    await nora.at("menu-copy").click()
    address: str = await nora.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"{re.escape(house.url)}/#/join/\w+", address)
    await nora.at("link", text="poster").click()
    await nora.at("menu-show").click()
    await expect(nora.at("qr")).to_have_attribute("aria-label", address)
    await nora.page.keyboard.press("Escape")

    await otto.page.goto(address)
    await expect(otto.at("preview-name")).to_have_text("By link", timeout=LIVE_LIMIT_MS)
    await otto.at("preview-join").click()
    await expect(otto.at("chat-title")).to_have_text("By link", timeout=LIVE_LIMIT_MS)
    await otto.says("came by the poster")
    await nora.sees("came by the poster")

    await nora.at("page-back").last.click()
    await nora.at("open-links").click()
    await expect(nora.at("link", text="poster")).to_contain_text("otto", timeout=LIVE_LIMIT_MS)
    await nora.at("page-back").last.click()
    await nora.at("open-access").click()
    await nora.at("choice-knock").click()
    await nora.at("access-save").click()
    await expect(nora.at("open-access")).to_contain_text("By request", timeout=LIVE_LIMIT_MS)
    await nora.at("page-back").last.click()
    async with Server(house.url, house.name) as server:
        petra = await server.register("petra")
        room_id = await nora.open_room()
        await petra.call("POST", f"/v3/knock/{room_id}", {})
        await nora.at("info-requests").click(timeout=LIVE_LIMIT_MS)
        await nora.at("request", text="petra").click()
        await nora.at("menu-let-in").click()
        await expect(nora.at("request")).to_have_count(0, timeout=LIVE_LIMIT_MS)
        await petra.joins(room_id)
    await nora.at("page-back").last.click()
    member = nora.page.locator("[data-testid=member][data-user^='@petra:']")
    await expect(member).to_be_visible(timeout=LIVE_LIMIT_MS)
