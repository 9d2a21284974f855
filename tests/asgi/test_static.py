"""How the web client's files are served."""

from pathlib import Path

import pytest

from homeserver.asgi import static
from homeserver.asgi.static import Site
from tests.asgi.driver import Answered, ask

PAGE = b"<!doctype html><title>Hearth</title>"
IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "sw.js").write_bytes(b"//worker")
    (tmp_path / "assets" / "app-1a2b.js").write_bytes(b"plain")
    (tmp_path / "assets" / "app-1a2b.js.br").write_bytes(b"brotli")
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(b"gzip")
    (tmp_path / "assets" / "crypto-3c4d.wasm").write_bytes(b"\0asm")
    (tmp_path.parent / "secret.txt").write_bytes(b"secret")
    return tmp_path


async def get(folder: Path, path: str, method: str = "GET", **headers: str) -> Answered:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(Site(folder), method, path, headers=named)


@pytest.mark.parametrize("path", ["/", "/index.html", "/room/!abc:example.org", "/settings"])
async def test_the_page_is_served_for_its_own_routes_and_checked_each_time(folder: Path, path: str) -> None:
    answer = await get(folder, path.replace(".org", ""))
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, PAGE, "no-cache")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]


async def test_a_hashed_asset_is_kept_for_ever(folder: Path) -> None:
    answer = await get(folder, "/assets/crypto-3c4d.wasm")
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == (IMMUTABLE, "application/wasm")


async def test_the_service_worker_is_checked_each_time(folder: Path) -> None:
    assert (await get(folder, "/sw.js")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accept", "encoding", "body"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", b"gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", b"gzip"),
        ("identity", None, b"plain"),
        ("", None, b"plain"),
        ("*", "br", b"brotli"),
    ],
)
async def test_the_smallest_form_the_client_takes_is_sent(
    folder: Path, accept: str, encoding: str | None, body: bytes
) -> None:
    answer = await get(folder, "/assets/app-1a2b.js", accept_encoding=accept)
    assert (answer.headers.get("content-encoding"), answer.body) == (encoding, body)
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_file_the_browser_has_is_not_sent_again(folder: Path) -> None:
    tag = (await get(folder, "/")).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = await get(folder, "/", if_none_match=known)
        assert (answer.status, answer.body) == (304, b"")
    assert (await get(folder, "/", if_none_match='"other"')).status == 200


async def test_a_policy_that_the_browser_has_is_not_sent_again_and_a_new_one_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one, of a line that is cut, would take its place: the page would then run by that half."""
    whole = await get(folder, "/")
    assert whole.headers["content-security-policy"] == static.CONTENT_SECURITY_POLICY
    known = await get(folder, "/", if_none_match=whole.headers["etag"])
    assert set(known.headers) == {"cache-control", "etag", "vary"}
    monkeypatch.setattr(static, "_COMMON_HEADERS", ((b"content-security-policy", b"default-src 'none'"),))
    later = await get(folder, "/", if_none_match=whole.headers["etag"])
    assert (later.status, later.headers["content-security-policy"]) == (200, "default-src 'none'")


async def test_head_has_the_length_and_no_body(folder: Path) -> None:
    answer = await get(folder, "/", "HEAD")
    assert (answer.body, answer.headers["content-length"]) == (b"", str(len(PAGE)))


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/favicon.ico",
        "/assets/app-1a2b.js.br",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/../../secret.txt",
    ],
)
async def test_what_is_no_file_of_the_site_is_not_found(folder: Path, path: str) -> None:
    assert (await get(folder, path)).status == 404


def test_a_folder_without_a_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Site(tmp_path)
