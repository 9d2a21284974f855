"""Spaces and folders: trees of rooms, tabs over the chats, their order."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.support.client import Server, User
from tests.support.server import ServerProcess


async def _space(owner: User, name: str, *rooms: str, **more: object) -> str:
    """A public space with these rooms in this order."""
    space = await owner.creates_public_room(name=name, creation_content={"type": "m.space"}, **more)
    for number, room in enumerate(rooms):
        await _adds(owner, space, room, f"{number:03}")
    return space


async def _adds(owner: User, space: str, room: str, order: str) -> None:
    via = owner.user_id.partition(":")[2]
    await owner.sets(space, "m.space.child", {"via": [via], "order": order}, room)


async def test_a_space_is_browsed_entered_and_a_tab_over_its_chats(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        orla = await server.register("orla")
        hives = await orla.creates_public_room(name="Hives", topic="All about hives")
        honey = await orla.creates_public_room(name="Honey")
        inner = await _space(orla, "Workshops", await orla.creates_public_room(name="Carpentry"))
        space = await _space(
            orla, "Beekeeping", hives, honey, inner, topic="For all who keep bees", room_alias_name="bee"
        )
        paul = await new_person("paul", house)
        await paul.moves_in()
        await paul.at("search-input").fill(f"#bee:{house.name}")
        await paul.at("address-row").click()
        await expect(paul.at("room-preview")).to_contain_text("For all who keep bees")
        await paul.at("preview-join").click()

        await expect(paul.at("space-name")).to_have_text("Beekeeping")
        await expect(paul.at("space-room").get_by_role("button", expanded=True)).to_contain_text("Workshops")
        await expect(paul.at("space-room")).to_have_count(4)
        await expect(paul.at("space-room").first).to_contain_text("All about hives")
        await paul.at("space-room", text="Hives").get_by_test_id("space-join").click()
        await expect(paul.at("space-room", text="Hives")).to_have_attribute("data-in", "true")
        assert paul.user_id in (await orla.call("GET", f"/v3/rooms/{hives}/joined_members"))["joined"]
        pollen = await orla.creates_public_room(name="Pollen")
        await _adds(orla, space, pollen, "000a")
        await expect(paul.at("space-room").nth(1)).to_contain_text("Pollen")

        await paul.at("page-back").last.click()
        await paul.at("search-back").click()
        await expect(paul.at("chat-row")).to_have_count(1)
        await paul.at("tab", text="Beekeeping").click()
        await expect(paul.at("chat-row")).to_contain_text("Hives")
        await expect(paul.at("space-row")).to_contain_text(re.compile("1.? of .?4"))
        await orla.says("swarm!", hives)
        await expect(paul.at("tab", text="Beekeeping").get_by_test_id("tab-badge")).to_have_text("1")
        await paul.page.evaluate("id => { location.hash = '#/' + id }", space)
        await expect(paul.at("space-page")).to_be_visible()
        await expect(paul.at("chat")).to_have_count(0)
        await paul.at("space-menu").click()
        await paul.at("menu-space-tab").click()
        await expect(paul.at("tab", text="Beekeeping")).to_have_count(0)
        await paul.page.reload()
        await paul.is_live()
        await expect(paul.at("tab", text="Beekeeping")).to_have_count(0)
        await paul.at("main-menu").click()
        await paul.at("menu-settings").click()
        await paul.at("open-folders").click()
        await paul.at("folder", text="Beekeeping").click()
        await paul.at("menu-space-tab").click()
        await expect(paul.at("tab", text="Beekeeping")).to_have_count(1)


@pytest.mark.full("browser")
async def test_one_is_invited_to_a_space_sees_it_live_and_leaves_it(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        quido = await new_person("quido", house)
        await quido.moves_in()
        ruth, me = await server.register("ruth"), await server.login("quido")
        secret = await ruth.creates_room(name="Secret")
        shed = await ruth.creates_public_room(name="Shed")
        asking = await ruth.creates_room(name="Council", initial_state=[_knocking()])
        many = [await ruth.creates_public_room(name=f"Plot {number}") for number in range(52)]
        space = await _space(ruth, "Garden", shed, secret, asking, *many)
        await ruth.invites(me, space)
        await quido.at("invite", text="Garden").get_by_test_id("invite-accept").click()
        await expect(quido.at("space-name")).to_have_text("Garden")
        await expect(quido.at("space-room", text="Secret")).to_have_count(0)
        await quido.at("space-more").click()
        await expect(quido.at("space-room")).to_have_count(54)
        await quido.at("space-search").fill("plot 51")
        await expect(quido.at("space-room")).to_have_count(1)
        await quido.at("space-search").fill("")
        await quido.at("space-room", text="Council").get_by_test_id("space-join").click()
        await _knocks(me, ruth, asking)

        await me.joins(shed)
        await ruth.says("the rake is back", shed)
        await quido.at("page-back").last.click()
        await quido.at("tab", text="Garden").click()
        await expect(quido.at("chat-row")).to_contain_text("the rake is back")
        await ruth.sets(space, "m.space.child", {}, shed)
        await expect(quido.at("chat-row")).to_have_count(0)
        await quido.at("space-row").click()
        await quido.at("space-menu").click()
        await quido.at("menu-space-leave").click()
        await quido.at("question-yes").click()
        await expect(quido.at("tab", text="Garden")).to_have_count(0)
        await expect(quido.at("chat-row", text="Shed")).to_be_visible()
        assert me.user_id not in (await ruth.call("GET", f"/v3/rooms/{space}/joined_members"))["joined"]


async def _knocks(user: User, owner: User, room_id: str) -> None:
    """Wait until the owner has the request of a user."""
    async with asyncio.timeout(LIVE_LIMIT_MS / 1000):
        while True:
            members = await owner.call("GET", f"/v3/rooms/{room_id}/members", membership="knock")
            if [one["state_key"] for one in members["chunk"]] == [user.user_id]:
                return
            await asyncio.sleep(0.2)


def _knocking() -> dict[str, object]:
    return {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}


@pytest.mark.full("browser")
async def test_folders_have_emoji_rules_and_an_order_on_all_devices(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        here = await new_person("sina", house)
        await here.moves_in()
        other, me = await server.register("tomo"), await server.login("sina")
        rooms = {}
        for name in ("Loud", "Quiet", "Kept out"):
            rooms[name] = await other.creates_public_room(name=name)
            await me.joins(rooms[name])
        await me.call("PUT", f"/v3/pushrules/global/override/{rooms['Quiet']}", _silent(rooms["Quiet"]))
        await here.at("main-menu").click()
        await here.at("menu-settings").click()
        await here.at("open-folders").click()
        await here.at("folder-new").click()
        await here.at("folder-name").fill("Work")
        await here.at("folder-emoji").click()
        await here.at("emoji-search").fill("bee")
        await here.at("emoji-picker").get_by_role("button", name="honeybee").click()
        await here.at("folder-group").click()
        await here.at("folder-without-muted").click()
        await here.at("folder-dialog").get_by_role("tab").nth(1).click()
        await here.at("folder-chat", text="Kept out").click()
        await here.at("folder-save").click()
        await here.at("folder-new").click()
        await here.at("folder-name").fill("Silent")
        await here.at("folder-chat", text="Quiet").click()
        await here.at("folder-save").click()
        await expect(here.at("folder")).to_have_count(2)

        there = await new_person("sina", house)
        await there.comes_in()
        await there.at("tab", text="\U0001f41d Work").click()
        await expect(there.at("chat-row")).to_have_count(1)
        await expect(there.at("chat-row")).to_contain_text("Loud")
        await _carries(there, "Silent", onto="Work")
        await expect(there.at("tab").nth(4)).to_contain_text("Silent")
        await expect(here.at("folder").first).to_contain_text("Silent")
        await there.page.keyboard.press("Control+5")
        await expect(there.at("chat-row")).to_contain_text("Quiet")
        await there.page.reload()
        await there.is_live()
        await expect(there.at("tab").nth(4)).to_contain_text("Silent")


def _silent(room_id: str) -> dict[str, object]:
    return {"conditions": [{"kind": "event_match", "key": "room_id", "pattern": room_id}], "actions": []}


async def _carries(person: Person, tab: str, *, onto: str) -> None:
    """Drag a tab to the place of another with the mouse."""
    box, target = [await person.at("tab", text=name).bounding_box() for name in (tab, onto)]
    assert box is not None
    assert target is not None
    mouse = person.page.mouse
    await mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await mouse.down()
    await mouse.move(target["x"] + 5, target["y"] + target["height"] / 2, steps=8)
    await mouse.up()


@pytest.mark.full("browser")
async def test_pinned_chats_are_dragged_and_a_finger_goes_from_tab_to_tab(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        ursel = await new_person("ursel", house)
        await ursel.moves_in()
        me = await server.login("ursel")
        for order, name in ((0.2, "First"), (0.4, "Second"), (0.6, "Third")):
            room = await me.creates_room(name=name)
            await me.call("PUT", f"/v3/user/{me.user_id}/rooms/{room}/tags/m.favourite", {"order": order})
        titles = ursel.at("row-title")
        await expect(titles).to_have_text(["First", "Second", "Third"], timeout=LIVE_LIMIT_MS)
        rows = [await ursel.at("chat-row", text=name).bounding_box() for name in ("Third", "First")]
        assert rows[0] is not None
        assert rows[1] is not None
        await ursel.page.mouse.move(rows[0]["x"] + 60, rows[0]["y"] + 36)
        await ursel.page.mouse.down()
        await ursel.page.mouse.move(rows[1]["x"] + 60, rows[1]["y"] + 10, steps=8)
        await ursel.page.mouse.up()
        await expect(titles).to_have_text(["Third", "First", "Second"])
        await expect(ursel.at("chat")).to_have_count(0)
        await ursel.page.reload()
        await ursel.is_live()
        await expect(titles).to_have_text(["Third", "First", "Second"])

        phone = await new_person("ursel", house, phone=True)
        await phone.comes_in()
        await expect(phone.at("tab").first).to_have_attribute("aria-selected", "true")
        await phone.swipes((300, 400), (120, 402))
        await expect(phone.at("tab").nth(1)).to_have_attribute("aria-selected", "true")
