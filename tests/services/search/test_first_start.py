"""The first start without a locale: the database that is made then knows all letters."""

import os
from pathlib import Path

from tests.services.search.test_messages import TEXTS, found
from tests.support.client import Server
from tests.support.server import ServerProcess
from tools.certificates import local_certificate

LANGUAGES = ("Chinese", "Japanese", "Turkish", "Greek")


async def test_a_server_first_started_without_a_locale_finds_words_of_one_and_two_letters(tmp_path: Path) -> None:
    open_to_all = {"enabled": True, "without_verification": True}
    certificate, no_limits = local_certificate(tmp_path / "tls"), {"enabled": False}
    process = ServerProcess(tmp_path / "server", certificate, registration=open_to_all, rate_limits=no_limits)
    process.prefix = ("env", "-i", f"PATH={os.environ['PATH']}")
    await process.start()
    try:
        async with Server(process.url, process.name) as server:
            alice = await server.register()
            room = await alice.creates_room()
            for language in LANGUAGES:
                text, terms = TEXTS[language]
                await alice.says(text, room)
                for term in terms:
                    assert await found(alice, term) == [text], (language, term)
    finally:
        await process.stop()
