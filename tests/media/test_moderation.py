"""What admins do to files: by URI, by user, by room."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.clock import SystemClock, SystemRng
from homeserver.config.content import Media as MediaConfig
from homeserver.config.server import Database as DatabaseConfig
from homeserver.errors import NotFound
from homeserver.protocol.identifiers import ServerName
from homeserver.providers.disk_media import DiskMedia
from homeserver.services.media.moderation import MediaModeration
from homeserver.services.media.repository import Media
from homeserver.storage.database import Database
from homeserver.storage.media import MediaTable
from homeserver.storage.media_moderation import MediaLists
from tests.media.files import downloads, on_disk, uploads
from tests.support.client import Server, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

ADMIN = "@admin:hearth.test"


@dataclass
class Desk:
    """A server, and what its admins can do."""

    server: Server
    moderation: MediaModeration
    folder: Path

    async def gone(self, user: User, mxc: str) -> bool:
        return (await downloads(user, mxc)).status == 404


@pytest.fixture
async def desk(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[Desk]:
    from tests.support.running import running_app

    async with (
        cluster.database() as url,
        running_app(cluster, tmp_path, database=DatabaseConfig(url=url)) as (_, server),
    ):
        database = await Database.open(url)
        table, name = MediaTable(database), ServerName(server.name)
        store = DiskMedia(tmp_path / "media")
        media = Media(server=name, table=table, store=store, config=MediaConfig(), clock=SystemClock(), rng=SystemRng())
        yield Desk(server, MediaModeration(name, media, table, MediaLists(database)), tmp_path)
        await database.close()


def media_id(mxc: str) -> str:
    return mxc.rpartition("/")[2]


async def test_files_of_a_room_are_listed_and_forbidden_but_for_protected_ones(desk: Desk) -> None:
    alice = await desk.server.register()
    room = await alice.creates_room()
    shown, small, kept, other = [await uploads(alice, f"file {n}".encode()) for n in range(4)]
    content = {"msgtype": "m.image", "body": "x", "url": f"mxc://{shown}", "info": {"thumbnail_url": f"mxc://{small}"}}
    await alice.sends(room, "m.room.message", content)
    file = {"msgtype": "m.file", "body": "x", "file": {"url": f"mxc://{kept}"}}
    await alice.sends(room, "m.room.message", file)
    await alice.sends(room, "m.room.message", {"msgtype": "m.image", "body": "x", "url": "mxc://far.test/abc"})
    found = await desk.moderation.of_room(room)
    assert sorted(found.local) == sorted(f"mxc://{one}" for one in (shown, small, kept))
    assert found.remote == ["mxc://far.test/abc"]
    await desk.moderation.protect(media_id(kept))
    assert await desk.moderation.quarantine_room(room, ADMIN) == 2
    assert [await desk.gone(alice, one) for one in (shown, small, kept, other)] == [True, True, False, False]


async def test_files_of_a_user_are_listed_forbidden_and_deleted(desk: Desk) -> None:
    alice, bob = await desk.server.register(), await desk.server.register()
    mine = [await uploads(alice, b"x" * (n + 1), filename=f"{n}.txt") for n in range(3)]
    theirs = await uploads(bob, b"other")
    page = await desk.moderation.of_user(alice.user_id, order="size", forwards=False, limit=2)
    assert (page.total, [one.size for one in page.files]) == (3, [3, 2])
    assert page.files[0].filename == "2.txt"
    assert await desk.moderation.quarantine_user(alice.user_id, ADMIN) == 3
    assert (await desk.moderation.of_user(alice.user_id)).files[0].quarantined_by == ADMIN
    await desk.moderation.release(desk.server.name, media_id(mine[0]))
    assert [await desk.gone(alice, one) for one in (*mine, theirs)] == [False, True, True, False]
    assert len(await desk.moderation.delete_of_user(alice.user_id)) == 3
    assert (await desk.moderation.of_user(alice.user_id)).total == 0
    assert not await desk.gone(bob, theirs)


async def test_a_forbidden_file_stays_so_when_it_is_uploaded_again(desk: Desk) -> None:
    alice = await desk.server.register()
    first = await uploads(alice, b"bad")
    await desk.moderation.quarantine(desk.server.name, media_id(first), ADMIN)
    assert await desk.gone(alice, await uploads(alice, b"bad"))


async def test_unused_large_files_are_deleted_with_their_bytes(desk: Desk) -> None:
    alice = await desk.server.register()
    small, large, kept = [await uploads(alice, bytes([n]) * 100 * n) for n in (1, 2, 3)]
    await desk.moderation.protect(media_id(kept))
    assert await desk.moderation.delete_unused(2**53, 150) == [media_id(large)]
    assert [await desk.gone(alice, one) for one in (small, large, kept)] == [False, True, False]
    await desk.moderation.delete(media_id(small))
    assert len(on_disk(desk.folder)) == 1
    for act in (desk.moderation.delete(media_id(small)), desk.moderation.protect("missing")):
        with pytest.raises(NotFound):
            await act
