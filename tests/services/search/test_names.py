"""People and rooms are found by name whatever the case and the accents, in a database of the locale C."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Server, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

NAMES = {
    "Zoë Müller": ("zoe", "MÜLLER", "muller"),
    "Ёжик Кузнецов": ("ЕЖИК", "кузнец"),
    "Ἀθηνᾶ": ("αθηνα",),
    "山田太郎": ("山田", "郎"),
    "ＡＢＣ": ("abc",),
    "100%_\\": ("%_\\",),
}


@pytest.fixture(scope="module")
async def searcher(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[User]:
    """Someone who shares a room with everyone, and a public room of every name."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path_factory.mktemp("names")) as (_, server):
        searcher: User = await server.register("searcher")
        room = await searcher.creates_public_room(name="Everybody")
        for name in NAMES:
            other = await named(server, name)
            await other.joins(room)
            await other.creates_room(preset="public_chat", visibility="public", name=name)
        yield searcher


async def named(server: Server, name: str) -> User:
    """A user of this name."""
    user = await server.register()
    await user.call("PUT", f"/v3/profile/{user.user_id}/displayname", {"displayname": name})
    return user


@pytest.mark.parametrize("name", NAMES)
async def test_people_are_found_by_name(searcher: User, name: str) -> None:
    for term in NAMES[name]:
        answer = await searcher.call("POST", "/v3/user_directory/search", {"search_term": term})
        assert [one["display_name"] for one in answer["results"]] == [name], term


@pytest.mark.parametrize("name", NAMES)
async def test_public_rooms_are_found_by_name(searcher: User, name: str) -> None:
    for term in NAMES[name]:
        answer = await searcher.call("POST", "/v3/publicRooms", {"filter": {"generic_search_term": term}})
        assert [one["name"] for one in answer["chunk"]] == [name], term
