"""The everyday of chats in a browser: invitations, unread counts, roles at the door, long histories."""

import re

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.support.client import Server
from tests.support.server import ServerProcess

DOM_MOST = 180


async def test_unread_messages_are_counted_and_reading_clears_them(house: ServerProcess, new_person: NewPerson) -> None:
    quin, rosa = await new_person("quin", house), await new_person("rosa", house)
    await quin.moves_in()
    await rosa.moves_in()
    await quin.makes_group("Counting", inviting=rosa)
    await rosa.accepts("Counting")
    await quin.says("welcome")
    await quin.sees_ticks("welcome", "read")
    await rosa.leaves_the_chat_alone()
    for number in range(3):
        await quin.says(f"message {number}")
    row = rosa.at("chat-row", text="Counting")
    await expect(row.get_by_test_id("unread-badge")).to_have_text("3")
    await expect(row.get_by_test_id("row-preview")).to_have_text("quin: message 2")
    await quin.sees_ticks("message 2", "sent")
    await rosa.opens("Counting")
    await expect(rosa.at("unread-line")).to_be_visible()
    await expect(row.get_by_test_id("unread-badge")).to_have_count(0)
    await quin.sees_ticks("message 2", "read")
    for person in (quin, rosa):
        await person.page.reload()
        await person.is_live()
    await quin.sees_ticks("message 2", "read")
    await expect(row.get_by_test_id("row-preview")).to_have_text("quin: message 2")
    await expect(row.get_by_test_id("unread-badge")).to_have_count(0)


async def test_an_invitation_can_be_declined(house: ServerProcess, new_person: NewPerson) -> None:
    sven, tina = await new_person("sven", house), await new_person("tina", house)
    await sven.moves_in()
    await tina.moves_in()
    await sven.makes_group("Not for me", inviting=tina)
    await tina.at("invite", text="Not for me").get_by_test_id("invite-decline").click()
    await expect(tina.at("invites")).to_have_count(0)
    await expect(sven.at("service-line", text=re.compile(r"tina\W* (declined|rejected|did not)"))).to_be_visible()


async def test_who_is_removed_while_the_chat_is_open_is_told_and_cannot_write(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("uwe")
        vera = await new_person("vera", house)
        await vera.moves_in()
        room_id = await owner.creates_public_room(name="Door")
        member = await server.login("vera")
        await member.joins(room_id)
        await vera.opens("Door")
        await vera.at("composer-input").wait_for()
        await owner.kicks(member, room_id)
        await expect(vera.at("composer-left")).to_be_visible()
        await owner.says("nothing for vera", room_id)
        await vera.sees_no("nothing for vera")


async def test_what_one_may_do_follows_the_roles_at_once(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("ulla")
        vito = await new_person("vito", house)
        await vito.moves_in()
        room_id = await owner.creates_public_room(name="Announcements")
        await (await server.login("vito")).joins(room_id)
        await vito.opens("Announcements")
        await vito.at("composer-input").wait_for()
        levels = await owner.state(room_id, "m.room.power_levels")
        await owner.sets(room_id, "m.room.power_levels", {**levels, "events_default": 50})
        await expect(vito.at("composer-not-allowed")).to_be_visible()
        await owner.sets(room_id, "m.room.power_levels", {**levels, "events_default": 0})
        await expect(vito.at("composer-input")).to_be_visible()


async def test_a_group_is_renamed_and_filled_from_its_information(house: ServerProcess, new_person: NewPerson) -> None:
    anton, berta = await new_person("anton", house), await new_person("berta", house)
    await anton.moves_in()
    await berta.moves_in()
    await anton.makes_group("Working title")
    await anton.at("open-info").click()
    await anton.at("info-edit").click()
    await anton.at("edit-name").fill("Final title")
    await anton.at("edit-save").click()
    await expect(anton.at("chat-title")).to_have_text("Final title")
    await anton.at("info-invite").click()
    await anton.at("picker-search").fill(berta.user_id)
    await anton.at("picker-person", text=berta.user_id).click()
    await anton.at("invite-submit").click()
    await berta.accepts("Final title")
    await expect(anton.page.locator(f"[data-testid=member][data-user='{berta.user_id}']")).to_contain_text("online")


async def test_nothing_that_others_write_is_read_as_markup(house: ServerProcess, new_person: NewPerson) -> None:
    evil = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    async with Server(house.url, house.name) as server:
        owner = await server.register("mallory")
        await owner.call("PUT", f"/v3/profile/{owner.user_id}/displayname", {"displayname": evil})
        carl = await new_person("carl", house)
        await carl.moves_in()
        room_id = await owner.creates_public_room(name=evil, topic=evil)
        await (await server.login("carl")).joins(room_id)
        rich = {"msgtype": "m.text", "body": evil, "format": "org.matrix.custom.html", "formatted_body": evil}
        await owner.sends(room_id, "m.room.message", rich)
        await owner.says("javascript:alert(1) https://example.org/?a=1&b=%3Cb%3E", room_id)
        await owner.sends(room_id, "m.room.message", {"msgtype": ["m.text"], "body": {"not": "text"}})
        await owner.sends(room_id, "m.reaction", {"m.relates_to": "nothing"})
        await owner.sends(room_id, "org.example.unknown", {"body": evil})
        await carl.opens(evil)
        await carl.sees(evil)
        link = carl.at("message-text").locator("a")
        await expect(link).to_have_attribute("href", "https://example.org/?a=1&b=%3Cb%3E")
        await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        drawn = carl.page.locator("img:not([data-testid=wallpaper] img), script:not([src])")
        assert await drawn.count() == 0
        assert await carl.page.title() != "owned"


async def test_everything_can_be_done_by_keyboard(house: ServerProcess, new_person: NewPerson) -> None:
    dirk = await new_person("dirk", house)
    await dirk.moves_in()
    await dirk.makes_group("Keys")
    keys = dirk.page.keyboard
    await keys.type("first words")
    await keys.press("Enter")
    await dirk.sees_ticks("first words", "sent")
    await keys.press("ArrowUp")
    await expect(dirk.at("composer-input")).to_have_value("first words")
    await keys.type(" and more")
    await keys.press("Enter")
    await dirk.sees("first words and more")
    await keys.press("Shift+Tab")
    await keys.press("Control+k")
    await expect(dirk.at("search-input")).to_be_focused()
    await keys.type("Keys")
    await expect(dirk.at("chat-row")).to_have_count(1)
    await keys.press("Escape")
    await keys.press("Escape")
    await keys.press("Escape")
    await expect(dirk.at("chat")).to_have_count(0)
    await keys.press("Alt+ArrowDown")
    await expect(dirk.at("chat-title")).to_have_text("Keys")
    await dirk.page.reload()
    await dirk.is_live()
    await dirk.sees("first words and more")


async def test_a_long_history_is_read_by_pages_and_never_all_in_the_document(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("willi")
        xena = await new_person("xena", house)
        await xena.moves_in()
        room_id = await owner.creates_public_room(name="Archive")
        member = await server.login("xena")
        await member.joins(room_id)
        for number in range(150):
            await owner.says(f"entry {number}", room_id)
        await xena.opens("Archive")
        await xena.sees("entry 149")
        await xena.page.mouse.move(850, 400)
        while not await xena.message("entry 0").count():
            await xena.page.mouse.wheel(0, -1_500)
            await xena.page.wait_for_timeout(100)
            assert await xena.at("message").count() <= DOM_MOST
        await xena.sees("entry 0")
        shown = [text for text in await xena.messages() if text.startswith("entry")]
        assert shown == [f"entry {number}" for number in range(len(shown))], "in order, without holes"
        await xena.at("jump-button").click()
        await expect(xena.message("entry 149")).to_be_in_viewport()
        await owner.says("entry 150", room_id)
        await expect(xena.message("entry 150")).to_be_in_viewport()


async def test_a_chat_opens_where_reading_ended_however_far_above_that_is(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner, reader = await server.users("wanda", "xaver")
        room_id = await owner.creates_room(name="Catching up", inviting=reader)
        await reader.joins(room_id)
        read = await owner.says("read long ago", room_id)
        await reader.call("POST", f"/v3/rooms/{room_id}/receipt/m.read/{read}", {})
        for number in range(80):
            await owner.says(f"missed {number}", room_id)
        xaver = await new_person("xaver", house)
        await xaver.comes_in()
        await expect(xaver.at("chat-row", text="Catching up").get_by_test_id("unread-badge")).to_have_text("80")
        await xaver.opens("Catching up")
        await expect(xaver.at("unread-line")).to_be_in_viewport()
        await expect(xaver.message("missed 0")).to_be_in_viewport()
        await xaver.at("jump-button").click()
        await expect(xaver.message("missed 79")).to_be_in_viewport()
        await expect(xaver.at("unread-badge")).to_have_count(0)


async def test_two_who_talk_in_private_see_each_other_online(house: ServerProcess, new_person: NewPerson) -> None:
    yuri, zoe = await new_person("yuri", house), await new_person("zoe", house)
    await yuri.moves_in()
    await zoe.moves_in()
    await yuri.starts_private_chat(zoe)
    await zoe.at("invite", text="yuri").get_by_test_id("invite-accept").click()
    await expect(zoe.at("chat-title")).to_have_text("yuri")
    await yuri.says("hi")
    await zoe.sees("hi")
    await expect(yuri.at("chat-title")).to_have_text("zoe")
    await expect(yuri.at("chat-status")).to_have_text("online")
    await zoe.writes("w")
    await yuri.sees_typing()
    await expect(yuri.at("row-typing")).to_be_visible()
    await expect(yuri.at("chat-row", text="zoe").get_by_test_id("online-dot")).to_be_visible()


async def test_on_a_phone_one_page_lies_over_the_other(house: ServerProcess, new_person: NewPerson) -> None:
    person = await new_person("phoebe", house, phone=True)
    await person.moves_in()
    await person.makes_group("Pocket")
    await person.says("small screen")
    await person.sees_ticks("small screen", "sent")
    await expect(person.at("left-column")).to_have_attribute("inert", "")
    await person.at("back").tap()
    await expect(person.at("middle-column")).to_have_attribute("inert", "")
    await person.at("chat-row", text="Pocket").tap()
    await expect(person.at("chat-title")).to_be_in_viewport()
    await expect(person.at("left-column")).to_have_attribute("inert", "")
    await person.page.go_back()
    await expect(person.at("chat")).to_have_count(0)
