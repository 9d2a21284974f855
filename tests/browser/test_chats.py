"""The everyday of chats in a browser: invitations, unread counts, roles at the door, long histories."""

import re

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.support.client import Server
from tests.support.server import ServerProcess

DOM_MOST = 180


async def test_unread_messages_are_counted_and_reading_clears_them(house: ServerProcess, new_person: NewPerson) -> None:
    quin, rosa = await new_person("quin", house), await new_person("rosa", house)
    await quin.signs_up()
    await rosa.signs_up()
    await quin.makes_group("Counting", inviting=rosa)
    await rosa.accepts("Counting")
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


async def test_an_invitation_can_be_declined(house: ServerProcess, new_person: NewPerson) -> None:
    sven, tina = await new_person("sven", house), await new_person("tina", house)
    await sven.signs_up()
    await tina.signs_up()
    await sven.makes_group("Not for me", inviting=tina)
    await tina.at("invite", text="Not for me").get_by_test_id("invite-decline").click()
    await expect(tina.at("invites")).to_have_count(0)
    await expect(sven.at("service-line", text=re.compile("tina (declined|rejected|did not)"))).to_be_visible()


async def test_who_is_removed_while_the_chat_is_open_is_told_and_cannot_write(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("uwe")
        vera = await new_person("vera", house)
        await vera.signs_up()
        room_id = await owner.creates_public_room(name="Door")
        member = await server.login("vera")
        await member.joins(room_id)
        await vera.opens("Door")
        await vera.at("composer-input").wait_for()
        await owner.kicks(member, room_id)
        await expect(vera.at("composer-left")).to_be_visible()
        await owner.says("nothing for vera", room_id)
        await vera.sees_no("nothing for vera")


async def test_a_long_history_is_read_by_pages_and_never_all_in_the_document(
    house: ServerProcess, new_person: NewPerson
) -> None:
    async with Server(house.url, house.name) as server:
        owner = await server.register("willi")
        xena = await new_person("xena", house)
        await xena.signs_up()
        room_id = await owner.creates_public_room(name="Archive")
        member = await server.login("xena")
        await member.joins(room_id)
        for number in range(250):
            await owner.says(f"entry {number}", room_id)
        await xena.opens("Archive")
        await xena.sees("entry 249")
        for _ in range(200):
            if await xena.message("entry 0").count():
                break
            await xena.page.mouse.move(850, 400)
            await xena.page.mouse.wheel(0, -600)
            await xena.page.wait_for_timeout(50)
            assert await xena.at("message").count() <= DOM_MOST
        await xena.sees("entry 0")
        shown = [text for text in await xena.messages() if text.startswith("entry")]
        assert shown == [f"entry {number}" for number in range(len(shown))], "in order, without holes"
        await xena.at("jump-button").click()
        await xena.sees("entry 249")


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
        await xaver.signs_in()
        await expect(xaver.at("chat-row", text="Catching up").get_by_test_id("unread-badge")).to_have_text("80")
        await xaver.opens("Catching up")
        await expect(xaver.at("unread-line")).to_be_in_viewport()
        await expect(xaver.message("missed 0")).to_be_in_viewport()
        await xaver.at("jump-button").click()
        await expect(xaver.message("missed 79")).to_be_in_viewport()
        await expect(xaver.at("unread-badge")).to_have_count(0)


async def test_two_who_talk_in_private_see_each_other_online(house: ServerProcess, new_person: NewPerson) -> None:
    yuri, zoe = await new_person("yuri", house), await new_person("zoe", house)
    await yuri.signs_up()
    await zoe.signs_up()
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


async def test_on_a_phone_one_page_lies_over_the_other(house: ServerProcess, new_person: NewPerson) -> None:
    person = await new_person("phoebe", house, phone=True)
    await person.signs_up()
    await person.makes_group("Pocket")
    await person.says("small screen")
    await person.sees_ticks("small screen", "sent")
    await expect(person.at("chat-row", text="Pocket")).not_to_be_in_viewport()
    await person.at("back").tap()
    await expect(person.at("chat-row", text="Pocket")).to_be_in_viewport()
    await person.at("chat-row", text="Pocket").tap()
    await expect(person.at("chat-title")).to_be_in_viewport()
    await person.page.go_back()
    await expect(person.at("chat")).to_have_count(0)
