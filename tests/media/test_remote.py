"""Copies of other servers' files: made once, bounded, and nothing is left of one that fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.clock import SystemClock, SystemRng
from homeserver.config.content import Media as MediaConfig
from homeserver.config.content import RemoteCache
from homeserver.errors import LimitExceeded, MatrixError
from homeserver.federation.client.discovery import Discovery
from homeserver.federation.client.media import MediaRequests, filename_of
from homeserver.federation.client.multipart import BadMultipart, Multipart, boundary_of
from homeserver.federation.client.requests import Requests
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.identifiers import ServerName, UserId
from homeserver.protocol.server_acl import ServerAcl
from homeserver.protocol.signing import SigningKey
from homeserver.providers.disk_media import DiskMedia
from homeserver.providers.thumbnails import Thumbnailer
from homeserver.services.media.housekeeping import Housekeeping
from homeserver.services.media.remote import Cache, RemoteMedia
from homeserver.services.media.repository import Media, Upload
from homeserver.services.media.thumbnails import Asked, Made, Thumbnails
from homeserver.services.requester import Requester
from homeserver.storage.database import Database
from homeserver.storage.media import MediaTable
from tests.media.files import on_disk, picture

US, PEER = ServerName("us.test"), "peer.test:8448"
ALICE = Requester(UserId("@alice:us.test"), None, 1, None, 1)
MIB = 1024 * 1024


class Contact:
    """Everybody may be asked."""

    async def may_ask(self, server: str) -> bool:
        return True

    async def answered(self, server: str) -> None: ...

    async def failed(self, server: str, why: str = "") -> None: ...


class Repository:
    """The media repository of one server, and the net around it."""

    def __init__(self, database: Database, folder: Path, config: MediaConfig) -> None:
        self.net, self.folder, self.clock = FakeNet(), folder, SystemClock()
        self.table, self.store = MediaTable(database), DiskMedia(folder / "media")
        self.store.prepare()
        self.media = Media(
            server=US, table=self.table, store=self.store, config=config, clock=self.clock, rng=SystemRng()
        )
        self.cache = Cache(self.table, self.store, config.remote_cache, self.clock)
        key = SigningKey(US, "ed25519:1", b"k" * 32)
        requests = Requests(
            key,
            self.net,
            Discovery(self.net, self.net, self.clock),
            contact=Contact(),
            allowed=ServerAcl.of({"allow": ["*"], "deny": ["evil.test"]}),
        )
        self.paid = 0
        self.purse: float = 1000
        self.remote = RemoteMedia(
            MediaRequests(requests, self.net),
            store=self.store,
            table=self.table,
            cache=self.cache,
            max_bytes=config.max_upload_bytes,
            take=self._take,
            clock=self.clock,
        )
        self.media.fetch_others_by(self.remote)
        self.housekeeping = Housekeeping(self.table, self.store, self.cache, self.clock)

    async def _take(self, bucket: str, key: str, n: float) -> None:
        assert (bucket, key) == ("remote_media", ALICE.user_id)
        self.paid += 1
        if self.paid > self.purse:
            raise LimitExceeded(retry_after_ms=1000)

    def peer_answers(self, *answers: Answer) -> None:
        """The peer gives these answers in turn, the last one for ever."""
        left = list(answers)

        async def peer(_request: Request) -> Answer:
            return left.pop(0) if len(left) > 1 else left[0]

        self.net.answers("peer.test", 8448, peer)

    async def reads(self, media_id: str = "abc", server: str = PEER) -> bytes:
        found = await self.media.download(server, media_id, timeout_ms=0, requester=ALICE)
        return b"".join([part async for part in await found.opened()])

    async def uploads(self, body: bytes) -> str:
        upload = Upload(_once(body), len(body), "text/plain", None)
        return (await self.media.upload(ALICE, upload)).rpartition("/")[2]

    @property
    def files(self) -> list[Path]:
        return on_disk(self.folder)


@pytest.fixture
async def new(database_url: str, tmp_path: Path) -> AsyncIterator[Callable[..., Repository]]:
    database = await Database.open(database_url)
    yield lambda **config: Repository(database, tmp_path, MediaConfig(**config))
    await database.close()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def sent(body: bytes, *headers: str, boundary: str = "b0undary", end: str = "--") -> Answer:
    """A file as a server sends it."""
    head = "".join(f"{header}\r\n" for header in headers)
    whole = (
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--{boundary}\r\n{head}\r\n".encode()
        + body
        + f"\r\n--{boundary}{end}\r\n".encode()
    )
    return Answer(200, {"content-type": f'multipart/mixed; boundary="{boundary}"'}, whole)


def refused(status: int, errcode: str) -> Answer:
    return Answer(status, {"content-type": "application/json"}, orjson.dumps({"errcode": errcode, "error": "no"}))


async def test_a_copy_is_made_once_and_keeps_type_and_name(new: Callable[..., Repository]) -> None:
    here = new()
    disposition = "Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.pdf"
    here.peer_answers(sent(b"--b0undar\r\n-- x", "Content-Type: application/pdf", disposition))
    found = await here.media.download(PEER, "abc", timeout_ms=5, requester=ALICE)
    assert (found.content_type, found.filename) == ("application/pdf", "café.pdf")
    assert await here.reads() == await here.reads() == b"--b0undar\r\n-- x"
    (request,) = [one for one in here.net.sent if "well-known" not in one.target]
    assert request.target == "/_matrix/federation/v1/media/download/abc?timeout_ms=5"
    assert request.headers["Authorization"].startswith("X-Matrix")


async def test_whoever_asks_at_the_same_time_shares_the_copy(new: Callable[..., Repository]) -> None:
    here = new()
    here.peer_answers(sent(b"shared"))
    assert await asyncio.gather(*(here.reads() for _ in range(10))) == [b"shared"] * 10
    assert len(here.net.sent) == 1


async def test_when_the_first_to_ask_goes_the_next_one_still_gets_it(new: Callable[..., Repository]) -> None:
    here, go = new(), asyncio.Event()

    async def slow(_request: Request) -> Answer:
        await go.wait()
        return sent(b"late")

    here.net.answers("peer.test", 8448, slow)
    first, second = (asyncio.ensure_future(here.reads()) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.sleep(0.05)
    go.set()
    assert await second == b"late"


async def test_a_redirect_is_followed_once_over_https_and_unsigned(new: Callable[..., Repository]) -> None:
    here = new()
    here.peer_answers(sent(b"", "Location: https://cdn.test/file?sig=1"))

    async def cdn(request: Request) -> Answer:
        assert request.target == "/file?sig=1"
        assert "Authorization" not in request.headers
        return Answer(200, {"content-type": "image/png"}, b"from elsewhere")

    here.net.answers("cdn.test", 443, cdn)
    assert await here.reads() == b"from elsewhere"


@pytest.mark.parametrize(
    "location",
    ["http://cdn.test/x", "https://cdn.test/again", "//cdn.test/x", "file:///etc/passwd", "https://u:p@x/", ":"],
)
async def test_other_redirects_are_not_followed(new: Callable[..., Repository], location: str) -> None:
    here = new()
    here.peer_answers(sent(b"", f"Location: {location}"))

    async def cdn(_request: Request) -> Answer:
        return Answer(302, {"location": "https://cdn.test/x"}, b"")

    here.net.answers("cdn.test", 443, cdn)
    assert await _refusal(here) == (502, "M_UNKNOWN")
    assert here.files == []


async def test_a_server_that_knows_only_the_old_endpoint_is_asked_there(new: Callable[..., Repository]) -> None:
    here = new()
    here.peer_answers(refused(404, "M_UNRECOGNIZED"), Answer(200, {"content-type": "text/plain"}, b"old"))
    assert await here.reads() == b"old"
    assert here.net.sent[-1].target == "/_matrix/media/v3/download/peer.test%3A8448/abc?timeout_ms=0&allow_remote=false"
    assert "Authorization" not in here.net.sent[-1].headers


@pytest.mark.parametrize(
    ("answer", "status", "errcode"),
    [
        (sent(bytes(MIB + 1)), 502, "M_TOO_LARGE"),
        (sent(bytes(9 * MIB)), 502, "M_TOO_LARGE"),
        (sent(b"", "Location: https://cdn.test/large"), 502, "M_TOO_LARGE"),
        (Answer(200, {"content-type": "image/png"}, b"bare"), 502, "M_UNKNOWN"),
        (
            Answer(200, {"content-type": "multipart/mixed; boundary=x"}, b"--x\r\n\r\n{}\r\n--x\r\n\r\ncut"),
            502,
            "M_UNKNOWN",
        ),
        (Answer(200, {"content-type": "multipart/mixed; boundary=x"}, b"--x\r\n\r\n{}\r\n--x--\r\n"), 502, "M_UNKNOWN"),
        (Answer(200, {"content-type": "multipart/mixed"}, b""), 502, "M_UNKNOWN"),
        (refused(404, "M_NOT_FOUND"), 404, "M_NOT_FOUND"),
        (refused(403, "M_FORBIDDEN"), 404, "M_NOT_FOUND"),
        (refused(504, "M_NOT_YET_UPLOADED"), 504, "M_NOT_YET_UPLOADED"),
        (refused(500, "M_UNKNOWN"), 502, "M_UNKNOWN"),
        (refused(429, "M_LIMIT_EXCEEDED"), 429, "M_LIMIT_EXCEEDED"),
    ],
)
async def test_what_a_peer_answers_becomes_an_answer_and_leaves_nothing(
    new: Callable[..., Repository], answer: Answer, status: int, errcode: str
) -> None:
    here = new(max_upload_bytes=MIB)

    async def large(_request: Request) -> Answer:
        return Answer(200, {}, bytes(2 * MIB))

    here.net.answers("cdn.test", 443, large)
    here.peer_answers(answer)
    assert await _refusal(here) == (status, errcode)
    assert here.files == []


async def test_a_failure_is_remembered_for_a_while(new: Callable[..., Repository]) -> None:
    here = new()
    here.peer_answers(refused(404, "M_NOT_FOUND"), sent(b"now"))
    for _ in range(3):
        assert await _refusal(here) == (404, "M_NOT_FOUND")
    assert len(here.net.sent) == 1


@pytest.mark.parametrize("media_id", ["..", "a/b", "a%2fb", "", "x" * 256, "ä", "a b"])
async def test_ids_that_are_none_reach_no_server(new: Callable[..., Repository], media_id: str) -> None:
    here = new()
    here.peer_answers(sent(b"x"))
    with pytest.raises(MatrixError):
        await here.reads(media_id)
    with pytest.raises(MatrixError):
        await here.reads("abc", server="evil.test")
    with pytest.raises(MatrixError):
        await here.reads("abc", server="not a server")
    assert here.net.sent == []


async def test_nobody_fetches_more_than_their_share(new: Callable[..., Repository]) -> None:
    here = new()
    here.purse = 3
    here.peer_answers(sent(bytes(5 * MIB)))
    assert await _refusal(here) == (429, "M_LIMIT_EXCEEDED")
    assert here.files == []


async def test_copies_together_stay_below_their_size_and_the_unused_go_first(new: Callable[..., Repository]) -> None:
    here = new(remote_cache=RemoteCache(max_bytes=3 * MIB))
    mine = await here.uploads(b"my own")
    for number in range(5):
        here.peer_answers(sent(bytes([number]) * MIB))
        await here.reads(f"file{number}")
        await asyncio.sleep(0.005)
    assert len(here.files) == 4
    assert await here.table.read(PEER, "file0") is None
    assert await here.table.read(PEER, "file4") is not None
    assert await here.reads(mine, server=US) == b"my own"


async def test_a_thumbnail_of_a_file_that_is_too_large_comes_from_its_server(new: Callable[..., Repository]) -> None:
    here = new(max_upload_bytes=MIB)
    thumbnails = Thumbnails(here.media, table=here.table, store=here.store, thumbnailer=Thumbnailer(), clock=here.clock)
    thumbnails.ask_others_by(here.remote)
    small = picture((320, 240))
    here.peer_answers(sent(bytes(2 * MIB)), sent(small, "Content-Type: image/png"))
    found = await thumbnails.of(PEER, "abc", Asked(320, 240, "scale", False), timeout_ms=0, requester=ALICE)
    assert found == Made("image/png", small)
    assert here.net.sent[-1].target.startswith("/_matrix/federation/v1/media/thumbnail/abc?width=320&height=240&")


async def test_a_forbidden_file_is_gone_under_every_uri(new: Callable[..., Repository]) -> None:
    here = new()
    first, second = await here.uploads(b"bad"), await here.uploads(b"bad")
    await here.media.quarantine(US, first, "@admin:us.test")
    third = await here.uploads(b"bad")
    for media_id in (first, second, third):
        with pytest.raises(MatrixError) as refusal:
            await here.reads(media_id, server=US)
        assert refusal.value.status == 404
    await here.media.quarantine(US, second, None)
    assert await here.reads(third, server=US) == b"bad"


async def test_bytes_go_with_the_last_uri_and_lost_ones_with_the_broom(new: Callable[..., Repository]) -> None:
    here = new()
    first, second = await here.uploads(b"twice"), await here.uploads(b"twice")
    await here.media.delete(US, first)
    assert await here.reads(second, server=US) == b"twice"
    lost = await here.store.put(_once(b"lost in a crash"))
    assert await here.housekeeping.delete_lost(older_than_s=0) == 1
    assert [path.name for path in here.files] != [lost]
    await here.media.delete(US, second)
    assert here.files == []


async def test_uploads_and_deletions_of_the_same_bytes_at_once_never_lose_a_file(
    new: Callable[..., Repository],
) -> None:
    here = new()
    kept = []

    async def comes_and_goes() -> None:
        for _ in range(10):
            await here.media.delete(US, await here.uploads(b"popular"))

    async def stays() -> None:
        kept.extend([await here.uploads(b"popular") for _ in range(5)])

    await asyncio.gather(*(comes_and_goes() for _ in range(4)), stays(), stays())
    for media_id in kept:
        assert await here.reads(media_id, server=US) == b"popular"
    assert len(here.files) == 1


async def _refusal(here: Repository) -> tuple[int, str]:
    try:
        await here.reads()
    except MatrixError as error:
        return error.status, error.errcode
    return 200, ""


@given(
    body=st.binary(max_size=300) | st.lists(st.sampled_from([b"\r\n", b"--", b"b", b"\r\n--b", b"-"])).map(b"".join),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30),
)
async def test_a_part_comes_out_as_it_went_in_however_it_is_cut(body: bytes, sizes: list[int]) -> None:
    whole = b"--bound\r\nA: 1\r\n\r\n{}\r\n--bound\r\nB: 2\r\nB: 3\r\n\r\n" + body + b"\r\n--bound--\r\nafter"

    async def cut() -> AsyncIterator[bytes]:
        start = 0
        for number in range(len(whole)):
            if start >= len(whole):
                return
            size = sizes[number % len(sizes)]
            yield whole[start : start + size]
            start += size

    multipart = Multipart("bound", cut())
    assert await multipart.next_part() == {"a": "1"}
    assert await multipart.next_part() == {"b": "2"}
    assert b"".join([part async for part in multipart.body()]) == body
    assert await multipart.next_part() is None


async def test_headers_of_a_part_have_an_end() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"--b\r\nA: "
        while True:
            yield b"x" * 1000

    with pytest.raises(BadMultipart):
        await Multipart("b", endless()).next_part()


def test_boundaries_and_names_are_read_from_headers() -> None:
    assert boundary_of("multipart/mixed; boundary=abc") == "abc"
    assert boundary_of('Multipart/Mixed; charset=x; boundary="a b"') == "a b"
    assert boundary_of("application/json; boundary=abc") is None
    assert boundary_of("multipart/mixed") is None
    assert filename_of('inline; filename="a b.png"') == "a b.png"
    assert filename_of("attachment; filename*=UTF-8''%e2%82%ac.txt") == "€.txt"
    assert filename_of("inline; filename=\"_.txt\"; filename*=utf-8''%e2%82%ac.txt") == "€.txt"
    assert filename_of("attachment") is None
    assert filename_of("attachment; filename*=nonsense''%ff") in {None, "%ff", "\ufffd", "ÿ"}
