"""Coming in: an account by name and password, at the page that the server itself serves."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import START_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess
from tests.support.sign_on import CLIENT_ID, CLIENT_SECRET, OidcServer

KEPT_IN_THE_BROWSER = """async () => {
    const all = [{...localStorage}];
    for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((done) => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => done(opening.result);
        });
        for (const store of database.objectStoreNames) {
            const reading = database.transaction(store).objectStore(store).getAll();
            all.push(await new Promise((done) => { reading.onsuccess = () => done(reading.result); }));
        }
        database.close();
    }
    return JSON.stringify(all);
}"""


async def test_a_new_account_is_made_at_the_page(house: ServerProcess, new_person: NewPerson) -> None:
    ada = await new_person("ada", house)
    await ada.opens_the_page()
    await ada.at("to-sign-up").click()
    await ada.at("username").fill("ada")
    await expect(ada.at("sign-up")).to_contain_text(f"@ada:{house.name}")
    await ada.at("password").fill(ada.password)
    await ada.at("submit").click()
    await ada.at("shell").wait_for()
    await expect(ada.at("left-column")).to_contain_text("No chats yet")


async def test_a_name_that_is_taken_is_told_before_sending(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        await server.register("bea")
    other = await new_person("bea", house)
    await other.opens_the_page()
    await other.at("to-sign-up").click()
    await other.at("username").fill("bea")
    await other.at("password").fill(other.password)
    await expect(other.at("username")).to_have_attribute("aria-invalid", "true")
    await expect(other.at("submit")).to_be_disabled()


async def test_a_wrong_password_is_told_and_the_right_one_lets_in(house: ServerProcess, new_person: NewPerson) -> None:
    async with Server(house.url, house.name) as server:
        await server.register("cleo")
    again = await new_person("cleo", house)
    await again.opens_the_page()
    await again.at("username").fill("cleo")
    await again.at("password").fill("not the one")
    await again.at("submit").click()
    await expect(again.at("password")).to_have_attribute("aria-invalid", "true")
    await again.at("password").fill(again.password)
    await again.at("submit").click()
    await again.at("shell").wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_reload_keeps_who_is_signed_in(house: ServerProcess, new_person: NewPerson, dark: bool) -> None:
    dora = await new_person(f"dora{int(dark)}", house, dark=dark)
    await dora.signs_up()
    await dora.page.reload()
    await dora.is_live()


async def test_no_token_lies_where_the_scripts_of_a_page_would_look(
    house: ServerProcess, new_person: NewPerson
) -> None:
    emil = await new_person("emil", house)
    await emil.signs_up()
    kept = await emil.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "token" not in kept.lower()
    assert await emil.page.evaluate("typeof __hearth") == "undefined", "the debugging door is shut in the built page"


async def test_signing_out_forgets_everything_in_the_browser(house: ServerProcess, new_person: NewPerson) -> None:
    fay = await new_person("fay", house)
    await fay.moves_in()
    await fay.makes_group("Behind me")
    await fay.says("not for the next one here")
    await fay.sees_ticks("not for the next one here", "sent")
    await fay.leaves_the_chat_alone()
    await fay.at("main-menu").click()
    await fay.at("menu-sign-out").click()
    await fay.at("question-yes").click()
    await fay.at("sign-in").wait_for()
    left = await fay.page.evaluate(KEPT_IN_THE_BROWSER)
    assert "not for the next one here" not in left
    assert "Behind me" not in left
    assert "accessToken" not in left


@pytest.mark.full("browser")
async def test_one_signs_in_where_one_is_known_already(new_house: NewHouse, new_person: NewPerson) -> None:
    async with OidcServer(person={"sub": "7", "preferred_username": "wren", "name": "Wren"}) as provider:
        known = {
            "id": "works",
            "name": "Works & Co",
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        house = await new_house(login={"oidc": [known]}, outbound_http={"allow_private_addresses": True})
        wren = await new_person("wren", house, also=(provider.issuer,))
        await wren.opens_the_page()
        await wren.at("sso", text="Works & Co").click(timeout=START_LIMIT_MS)
        await wren.at("shell").wait_for(timeout=START_LIMIT_MS)
        await wren.is_live()
        assert "loginToken" not in wren.page.url
        await wren.page.reload()
        await wren.is_live()
        other = await new_person("wren", house, also=(provider.issuer,))
        await other.page.goto(f"{house.url}/?loginToken=of-somebody-else")
        await expect(other.at("sso-error")).to_be_visible(timeout=START_LIMIT_MS)
        await other.at("sso", text="Works & Co").click()
        await other.at("shell").wait_for(timeout=START_LIMIT_MS)
