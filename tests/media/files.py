"""What the tests of the media repository say: uploads, downloads, and a look at the disk."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from PIL import Image
from yarl import URL

from tests.support.client import Server, User


@dataclass(frozen=True)
class Got:
    """An answer, whatever its status."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def errcode(self) -> str:
        return str(self.json["errcode"])

    @property
    def image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.body))


async def request(
    server: Server, method: str, path: str, *, token: str | None = None, body: Any = None, headers: Any = None
) -> Got:
    """One request; `path` is sent as it is."""
    sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
    async with server.session.request(
        method, URL(server.base_url + path, encoded=True), data=body, headers=sent, allow_redirects=False
    ) as response:
        return Got(
            response.status, {name.lower(): value for name, value in response.headers.items()}, await response.read()
        )


async def tries_to_upload(
    user: User, body: Any, content_type: str | None = "text/plain", *, filename: str | None = None, **headers: str
) -> Got:
    query = f"?filename={quote(filename, safe='')}" if filename is not None else ""
    sent = {**({"Content-Type": content_type} if content_type is not None else {}), **headers}
    return await request(
        user.server, "POST", f"/_matrix/media/v3/upload{query}", token=user.token, body=body, headers=sent
    )


async def uploads(user: User, body: Any, content_type: str = "text/plain", *, filename: str | None = None) -> str:
    """Upload a file; `server/media_id` of its URI."""
    got = await tries_to_upload(user, body, content_type, filename=filename)
    assert got.status == 200, got.body
    uri: str = got.json["content_uri"]
    assert uri.startswith("mxc://")
    return uri.removeprefix("mxc://")


async def downloads(user: User, mxc: str, ending: str = "", **headers: str) -> Got:
    """Download a file by token."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await request(
        user.server, "GET", f"/_matrix/client/v1/media/download/{mxc}{ending}", token=user.token, headers=named
    )


async def sees_small(user: User, mxc: str, width: int, height: int, method: str = "scale", animated: str = "") -> Got:
    """Ask for a thumbnail."""
    more = f"&animated={animated}" if animated else ""
    path = f"/_matrix/client/v1/media/thumbnail/{mxc}?width={width}&height={height}&method={method}{more}"
    return await request(user.server, "GET", path, token=user.token)


def picture(size: tuple[int, int], form: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    """An image file with something to see."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def moving(size: tuple[int, int], frames: int = 5, form: str = "GIF") -> bytes:
    """An image file of several frames."""
    images = [Image.new("RGB", size, (20 * number % 256, 0, 200)) for number in range(frames)]
    out = io.BytesIO()
    images[0].save(out, form, save_all=True, append_images=images[1:], duration=100)
    return out.getvalue()


def on_disk(folder: Path) -> list[Path]:
    """Every file of the store, whole or not."""
    return sorted(path for path in (folder / "media").rglob("*") if path.is_file())
