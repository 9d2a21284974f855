"""The first start without a locale: the database that is made then knows all letters."""

import os
from pathlib import Path

import pytest

from homeserver.storage.embedded import EmbeddedPostgres
from tests.services.search.test_messages import TEXTS, found
from tests.support.running import configured, running_on

LANGUAGES = ("Chinese", "Japanese", "Turkish", "Greek")


async def test_a_database_first_made_without_a_locale_finds_words_of_one_and_two_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in os.environ if one in {"LANG", "LANGUAGE"} or one.startswith("LC_")]:
        monkeypatch.delenv(name)
    postgres = EmbeddedPostgres(tmp_path / "postgres", fsync=False)
    try:
        async with running_on(configured(await postgres.start(), tmp_path)) as (_, server):
            alice = await server.register()
            room = await alice.creates_room()
            for language in LANGUAGES:
                text, terms = TEXTS[language]
                await alice.says(text, room)
                for term in terms:
                    assert await found(alice, term) == [text], (language, term)
    finally:
        await postgres.stop()
