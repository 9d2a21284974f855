"""An object store in memory that speaks enough S3: put, multipart put, get with ranges, delete, list."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

from aiohttp import web

BUCKET = "files"


@dataclass
class FakeS3:
    """`objects` by name; `is_broken` makes every request fail."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    is_broken: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        if self.is_broken:
            return _xml("<Error><Code>AccessDenied</Code><Message>no</Message></Error>", status=403)
        if "AWS4-HMAC-SHA256 Credential=key" not in request.headers.get("Authorization", ""):
            return web.Response(status=403)
        name = unquote(request.path).removeprefix(f"/{BUCKET}").lstrip("/")
        if not name and "delete" in request.query:
            keys = re.findall(r"<Key>([^<]*)</Key>", await request.text())
            for key in keys:
                self.objects.pop(key, None)
            return _xml(
                f"<DeleteResult>{''.join(f'<Deleted><Key>{key}</Key></Deleted>' for key in keys)}</DeleteResult>"
            )
        if not name:
            return self._list(request.query.get("prefix", ""))
        if request.method == "PUT":
            return await self._put(request, name)
        if request.method == "POST":
            return self._multipart(request, name)
        return self._get(request, name)

    async def _put(self, request: web.Request, name: str) -> web.Response:
        body = await request.read()
        if "partNumber" in request.query:
            self.parts[request.query["uploadId"]][int(request.query["partNumber"])] = body
        else:
            self.objects[name] = body
        return web.Response(headers={"ETag": '"e"'})

    def _multipart(self, request: web.Request, name: str) -> web.Response:
        if "uploads" in request.query:
            self.parts[name] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>")
        parts = self.parts.pop(request.query["uploadId"])
        self.objects[name] = b"".join(parts[number] for number in sorted(parts))
        return _xml("<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")

    def _get(self, request: web.Request, name: str) -> web.Response:
        body = self.objects.get(name)
        if body is None:
            return _xml("<Error><Code>NoSuchKey</Code></Error>", status=404)
        headers = {"ETag": '"e"', "Last-Modified": "Sat, 01 Jan 2022 00:00:00 GMT"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if asked is None:
            return web.Response(body=body, headers=headers)
        start, end = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        return web.Response(status=206, body=body[start : end + 1], headers=headers)

    def _list(self, prefix: str) -> web.Response:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rows = "".join(
            f"<Contents><Key>{name}</Key><LastModified>{now}</LastModified><Size>{len(body)}</Size>"
            "<ETag>e</ETag></Contents>"
            for name, body in self.objects.items()
            if name.startswith(prefix)
        )
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="application/xml")


@asynccontextmanager
async def fake_s3() -> AsyncIterator[FakeS3]:
    """One that listens on loopback."""
    store = FakeS3()
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", store.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    store.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield store
    finally:
        await runner.cleanup()
