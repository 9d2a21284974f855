"""Photos, films, sounds and files: one sends them, the other one sees, plays and saves them, also after a reload."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, expect

from tests.browser import files
from tests.browser.conftest import NewPerson, two_in_a_group
from tests.browser.gate import Gate
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS
from tests.support.client import Server
from tests.support.server import ServerProcess


async def test_an_album_with_a_caption_is_seen_and_leafed_through(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    alva, ben = await two_in_a_group(house, new_person, "alva", "ben", "Album")
    pictures = [
        files.photo(tmp_path, f"{number}.jpg", (1200, 800), colour)
        for number, colour in enumerate(["#c33", "#3c3", "#33c"])
    ]
    await alva.at("attach-photo-input").set_input_files(pictures)
    await expect(alva.at("send-item")).to_have_count(3)
    await alva.at("send-caption").fill("Three **colours**")
    await alva.at("send-files").click()
    for person in (alva, ben):
        await _sees_pictures(person.at("album"), 3)
        await expect(person.at("message-text", text="Three colours").locator("strong")).to_have_text("colours")
    await ben.page.reload()
    await ben.is_live()
    await _sees_pictures(ben.at("album"), 3)
    sources = await ben.at("album").locator("img").evaluate_all("all => all.map(one => one.getAttribute('src'))")
    assert all(source.startswith("/_media/") for source in sources), "the token is in a header, not in the address"

    await ben.at("album").get_by_test_id("picture").nth(0).click()
    await expect(ben.at("viewer-picture")).to_have_attribute("data-loaded", "true", timeout=LIVE_LIMIT_MS)
    await expect(ben.at("viewer-caption")).to_have_text("Three colours")
    await ben.page.keyboard.press("ArrowRight")
    await expect(ben.at("viewer-caption")).to_have_count(0)
    await ben.page.keyboard.press("ArrowRight")
    await expect(ben.at("viewer-after")).to_have_count(0)
    await ben.page.keyboard.press("Escape")
    await expect(ben.at("viewer")).to_have_count(0)
    await expect(ben.at("chat")).to_be_visible()

    await alva.at("album").get_by_test_id("picture").nth(2).click()
    await alva.at("viewer-delete").click()
    await alva.at("choice-everyone").click()
    await _sees_pictures(ben.at("album"), 2)
    await expect(alva.at("viewer")).to_have_count(0)


async def test_a_film_plays_a_sound_goes_on_in_other_chats_and_a_file_is_saved(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    clea, dave = await two_in_a_group(house, new_person, "clea", "dave", "Cinema")
    film = await files.film(clea.page, tmp_path, "film.webm")
    await clea.at("attach-photo-input").set_input_files([film])
    await clea.at("send-files").click()
    notes = tmp_path / "notes for the long evening.txt"
    notes.write_text("popcorn", encoding="utf-8")
    await clea.at("attach-file-input").set_input_files([files.tune(tmp_path, "tune.wav", 20), notes])
    await clea.at("send-files").click()

    await _sees_pictures(dave.at("video"), 1)
    await dave.at("video").get_by_test_id("picture").click()
    await expect(dave.at("video-player")).to_have_attribute("data-playing", "true", timeout=LIVE_LIMIT_MS)
    await dave.page.keyboard.press("k")
    await expect(dave.at("video-player")).to_have_attribute("data-playing", "false")
    await dave.page.keyboard.press("Escape")

    await dave.at("audio").get_by_test_id("sound-toggle").click()
    await expect(dave.at("player-bar")).to_contain_text("tune.wav")
    await expect(dave.at("audio")).to_have_attribute("data-playing", "true", timeout=LIVE_LIMIT_MS)
    await dave.makes_group("Elsewhere")
    await expect(dave.at("player-bar")).to_contain_text("tune.wav")
    await expect(dave.at("player-toggle")).to_have_attribute("aria-label", "Pause")
    await dave.at("player-close").click()
    await expect(dave.at("player-bar")).to_have_count(0)

    await dave.opens("Cinema")
    async with dave.page.expect_download() as saving:
        await dave.at("file").get_by_test_id("file-download").click()
    saved = await saving.value
    assert saved.suggested_filename == notes.name
    assert Path(await saved.path()).read_text(encoding="utf-8") == "popcorn"


@pytest.mark.full("browser")
async def test_a_voice_message_is_recorded_heard_before_it_is_sent_and_played_by_the_other(
    house: ServerProcess, new_person: NewPerson
) -> None:
    edda, finn = await two_in_a_group(house, new_person, "edda", "finn", "Talk")
    await edda.context.grant_permissions(["microphone"])
    await edda.at("voice").click()
    await expect(edda.at("voice-strip")).to_have_attribute("data-recording", "true")
    await edda.page.wait_for_timeout(800)
    await edda.at("voice-stop").click()
    await expect(edda.at("voice-strip")).to_have_attribute("data-recording", "false")
    await edda.at("voice").click()
    voice = finn.at("voice", text="0:0").and_(finn.page.locator("[data-playing]"))
    await expect(voice.get_by_test_id("waveform").locator("i")).to_have_count(48, timeout=LIVE_LIMIT_MS)
    await voice.get_by_test_id("sound-toggle").click()
    await expect(finn.at("player-bar")).to_contain_text("Voice message")
    await finn.page.reload()
    await finn.is_live()
    await expect(voice.get_by_test_id("waveform").locator("i")).to_have_count(48, timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_an_upload_waits_for_the_network_is_given_up_or_goes_on_after_a_reload(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    async with Gate.to(urlsplit(house.url).port or 0) as gate:
        greta, hugo = await new_person("greta", house, url=gate.url), await new_person("hugo", house)
        await greta.signs_up()
        await hugo.signs_up()
        await greta.makes_group("Slow", inviting=hugo)
        await hugo.accepts("Slow")
        await greta.has_kept_the_page()
        gate.shut()
        for name in ("unwanted.bin", "wanted.bin"):
            (tmp_path / name).write_bytes(b"\0" * 300_000)
            await greta.at("attach-file-input").set_input_files([tmp_path / name])
            await greta.at("send-files").click()
        await expect(greta.at("upload")).to_have_count(2)
        await greta.at("upload").first.click()
        await expect(greta.at("upload")).to_have_count(1)
        await greta.page.reload()
        await expect(greta.at("file")).to_contain_text("wanted.bin")
        gate.open()
        await expect(hugo.at("file")).to_contain_text("wanted.bin", timeout=START_LIMIT_MS)
        await expect(greta.at("upload")).to_have_count(0, timeout=LIVE_LIMIT_MS)
        await expect(greta.at("file")).to_have_count(1)


@pytest.mark.full("browser")
async def test_a_picture_that_failed_comes_by_itself_or_by_a_tap_and_one_that_is_gone_says_so(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    async with Gate.to(urlsplit(house.url).port or 0) as gate, Server(house.url, house.name) as server:
        nele, oskar = await new_person("nele", house, url=gate.url), await new_person("oskar", house)
        await nele.signs_up()
        await oskar.signs_up()
        room_id = await nele.makes_group("Passing", inviting=oskar)
        await oskar.accepts("Passing")
        await oskar.at("attach-photo-input").set_input_files([files.photo(tmp_path, "one.jpg", (600, 400), "#c63")])
        await oskar.at("send-files").click()
        await _sees_pictures(nele.at("image"), 1)
        elsewhere = await server.login("oskar")
        nothing = {"msgtype": "m.image", "body": "gone.jpg", "url": f"mxc://{house.name}/{'0' * 24}"}
        await elsewhere.sends(room_id, "m.room.message", nothing)
        await expect(nele.at("media-trouble")).to_have_text("File is gone from the server")
        await nele.has_kept_the_page()

        devtools = await nele.context.new_cdp_session(nele.page)
        gate.shut()
        await devtools.send("Network.clearBrowserCache")
        await nele.page.evaluate("() => caches.delete('hearth-media')")
        await nele.page.reload()
        failed = nele.page.locator("[data-testid=picture][data-state=failed]")
        await expect(failed).to_have_count(2)
        await failed.first.click()
        await expect(failed).to_have_count(1)
        await expect(failed).to_have_count(2)
        gate.open()
        await _sees_pictures(nele.at("image"), 1)
        await nele.is_live()
        await expect(nele.at("media-trouble")).to_have_text("File is gone from the server")


@pytest.mark.full("browser")
async def test_what_is_kept_is_told_by_kind_and_cleared_and_comes_again(
    house: ServerProcess, new_person: NewPerson, tmp_path: Path
) -> None:
    pia, quira = await two_in_a_group(house, new_person, "pia", "quira", "Kept")
    await pia.at("attach-photo-input").set_input_files([files.photo(tmp_path, "one.jpg", (600, 400), "#c63")])
    await pia.at("send-files").click()
    notes = tmp_path / "notes.txt"
    notes.write_text("popcorn " * 1000, encoding="utf-8")
    await pia.at("attach-file-input").set_input_files([notes])
    await pia.at("send-files").click()
    await _sees_pictures(quira.at("image"), 1)
    async with quira.page.expect_download():
        await quira.at("file").get_by_test_id("file-download").click()

    await quira.at("main-menu").click()
    await quira.at("menu-settings").click()
    await quira.at("open-storage").click()
    photos, others = quira.at("storage-photos"), quira.at("storage-files")
    for kind in (photos, others):
        await expect(kind).to_contain_text("kB")
    await photos.click()
    await expect(photos).to_contain_text("0 byte")
    await expect(photos).to_be_disabled()
    await expect(others).to_contain_text("kB")
    await quira.at("storage-clear").click()
    await expect(others).to_contain_text("0 byte")
    await quira.page.reload()
    await quira.is_live()
    await _sees_pictures(quira.at("image"), 1)


@pytest.mark.full("browser")
async def test_pictures_come_by_paste_and_by_drop(house: ServerProcess, new_person: NewPerson) -> None:
    ines, jan = await two_in_a_group(house, new_person, "ines", "jan", "Pasted")
    bytes_of = list(files.png((300, 200), "#a3c"))
    for how in ("paste", "drop"):
        await ines.page.evaluate(_GIVE[how], bytes_of)
        await ines.at("send-files").click(timeout=LIVE_LIMIT_MS)
        await expect(ines.at("send-dialog")).to_have_count(0, timeout=LIVE_LIMIT_MS)
    await _sees_pictures(jan.at("image"), 2)
    await jan.page.reload()
    await jan.is_live()
    await _sees_pictures(jan.at("image"), 2)


_FILE = "const file = new File([new Uint8Array(bytes)], 'given.png', { type: 'image/png' });"
_TRANSFER = "const transfer = new DataTransfer(); transfer.items.add(file);"
_GIVE = {
    "paste": f"""(bytes) => {{
      {_FILE} {_TRANSFER}
      const input = document.querySelector('[data-testid=composer-input]');
      input.dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: transfer, bubbles: true, cancelable: true }}));
    }}""",
    "drop": f"""async (bytes) => {{
      {_FILE} {_TRANSFER}
      const options = {{ dataTransfer: transfer, bubbles: true, cancelable: true }};
      document.querySelector('[data-testid=chat]').dispatchEvent(new DragEvent('dragover', options));
      await new Promise((shown) => setTimeout(shown, 50));
      document.querySelector('[data-testid=drop-photo]').dispatchEvent(new DragEvent('drop', options));
    }}""",
}


async def _sees_pictures(place: Locator, count: int) -> None:
    shown = place.locator("[data-testid=picture][data-state=shown]")
    await expect(shown).to_have_count(count, timeout=LIVE_LIMIT_MS)
