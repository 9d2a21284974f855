"""Files and paths made to break what reads them."""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache

from PIL import Image

from tests.media.files import moving, picture

TRAVERSALS = (
    "..",
    ".",
    "...",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fsigning.key",
    "%2e%2e",
    "..%5c..%5cwindows",
    "..%255c",
    "%252e%252e%252fsigning.key",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "incoming",
    "incoming%2fx",
    "a%2fb",
    "a%00.png",
    "%00",
    "~root",
    "%c0%ae%c0%ae%c0%af",
    "%ef%bc%8e%ef%bc%8e",
    "%e2%80%ae",
    "CON",
    "a.b",
    "a%20b",
    "a%0d%0aSet-Cookie:%20x=1",
    "$(id)",
    "a;b",
    "a'OR'1'='1",
    "x" * 300,
    "%F0%9F%92%A9",
)


_UPWARDS = ("../", "..%2f", "%2e%2e%2f", "%2e./", "..%5c", "..%255c", "%c0%ae%c0%ae/", "....//", ".%00./", "..;/")
_AIMS = (
    "etc/passwd",
    "signing.key",
    "homeserver.yaml",
    "incoming/x",
    "%2fetc%2fpasswd",
    "con",
    "proc%2fself%2fenviron",
)


def traversals(n: int, seed: int = 8) -> tuple[str, ...]:
    """Paths that lead upwards in mixed spellings."""
    chance = random.Random(seed)
    return tuple(
        "".join(chance.choices(_UPWARDS, k=chance.randint(1, 6)))
        + chance.choice(_AIMS)
        + chance.choice(("", "%00.png"))
        for _ in range(n)
    )


def mutated(n: int, seed: int = 8) -> Iterator[tuple[str, bytes]]:
    """Pictures with some bytes changed, cut out or doubled, their heads more often: a name and the bytes."""
    chance = random.Random(seed)
    whole = [picture((chance.randint(1, 400), chance.randint(1, 400)), form) for form in ("JPEG", "PNG", "GIF", "WEBP")]
    whole.append(moving((30, 30), 8))
    for number in range(n):
        body = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 12)):
            end = len(body) if chance.random() < 0.5 else min(len(body), 64)
            at, length = chance.randrange(end), chance.randint(1, 8)
            match chance.randrange(4):
                case 0:
                    body[at] = chance.randrange(256)
                case 1:
                    body[at : at + length] = b"\xff" * length
                case 2:
                    del body[at : at + length]
                case _:
                    body[at:at] = body[at : at + length]
            body = body or bytearray(b"\0")
        yield f"mutation {number}", bytes(body)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, color: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + b"".join(_chunk(*one) for one in chunks) + _chunk(b"IEND", b"")
    )


@cache
def _zeros(n: int) -> bytes:
    """A stream that unpacks to `n` zeros."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(n >> 20)) + packer.flush()


def bomb(number: int) -> bytes:
    """A PNG of 39 megapixels, each another one: as much work as is allowed."""
    return _png(6_500, 6_000, (b"tEXt", b"n\0%d" % number), (b"IDAT", _zeros(160 << 20)), color=6)


def images() -> Iterator[tuple[str, bytes]]:
    """Broken images, bombs, and other things that call themselves images: a name and the bytes."""
    for form in ("JPEG", "PNG", "GIF", "WEBP"):
        whole = picture((300, 200), form)
        yield f"{form}, cut to a third", whole[: len(whole) // 3]
        yield f"{form}, its first 20 bytes", whole[:20]
        broken = bytearray(whole)
        for place in range(30, len(broken), 7):
            broken[place] ^= 0x55
        yield f"{form}, every seventh byte wrong", bytes(broken)
    yield "PNG of 30,000 x 30,000", _png(30_000, 30_000, (b"IDAT", zlib.compress(bytes(1000))))
    yield "PNG of 2^31 x 2^31", _png(2**31 - 1, 2**31 - 1, (b"IDAT", zlib.compress(b"")))
    yield "PNG of no size", _png(0, 0, (b"IDAT", zlib.compress(b"")))
    yield (
        "PNG whose text unpacks to 300 MB",
        _png(10, 10, (b"zTXt", b"k\0\0" + _zeros(300 << 20)), (b"IDAT", zlib.compress(bytes(310)))),
    )
    yield (
        "PNG whose profile unpacks to 300 MB",
        _png(10, 10, (b"iCCP", b"k\0\0" + _zeros(300 << 20)), (b"IDAT", zlib.compress(bytes(310)))),
    )
    yield "PNG of 39 megapixels that unpacks to 156 MB", _png(6_500, 6_000, (b"IDAT", _zeros(160 << 20)), color=6)
    yield "PNG of 10 x 10 with 300 MB of pixels", _png(10, 10, (b"IDAT", _zeros(300 << 20)))
    yield (
        "GIF of 65,535 x 65,535",
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
    )
    yield "GIF of 3,000 frames", moving((60, 60), 3_000)
    yield (
        "JPEG of 65,500 x 65,500",
        picture((300, 200), "JPEG").replace(struct.pack(">HH", 200, 300), struct.pack(">HH", 65_500, 65_500), 1),
    )
    yield "WebP of 16,383 x 16,383", _webp(16_383, 16_383)
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "EPS that runs a program", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n"
    yield "PDF", b"%PDF-1.7\n1 0 obj<</JS(app.alert(1))>>endobj"
    yield "TIFF", _as("TIFF")
    yield "ICO", _as("ICO")
    yield "BMP", _as("BMP")
    yield "HTML that begins like a GIF", b"GIF89a/*<script>alert(1)</script>*/=1;"
    yield "nothing at all", b""


def _as(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, form)
    return out.getvalue()


def _webp(width: int, height: int) -> bytes:
    frame = b"VP8X" + struct.pack("<IB3x", 10, 0) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBP" + frame + picture((20, 20), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


TYPES = (
    "text/html",
    "text/html; charset=utf-7",
    "TEXT/HTML",
    "application/xhtml+xml",
    "image/svg+xml",
    "image/svg+xml;charset=utf-8",
    "text/xml",
    "application/xml",
    "application/rss+xml",
    "application/pdf",
    "application/x-shockwave-flash",
    "application/javascript",
    "text/javascript",
    "application/ecmascript",
    "text/css",
    "text/csv",
    "text/markdown",
    "text/calendar",
    "text/vcard",
    "text/x-python",
    "text/plain; charset=utf-7",
    'text/plain;charset="utf-16"',
    "application/json",
    "application/ld+json",
    "application/wasm",
    "application/zip",
    "application/x-msdownload",
    "application/java-archive",
    "application/vnd.ms-excel",
    "application/msword",
    "application/octet-stream",
    "multipart/x-mixed-replace",
    "message/rfc822",
    "message/http",
    "application/mathml+xml",
    "image/tiff",
    "image/bmp",
    "image/x-icon",
    "image/vnd.adobe.photoshop",
    "image/heic",
    "image/jxl",
    "video/x-msvideo",
    "video/mpeg",
    "audio/midi",
    "audio/x-ms-wma",
    "model/vrml",
    "font/woff2",
    "chemical/x-pdb",
    "x-world/x-vrml",
    "application/x-web-app-manifest+json",
    "application/vnd.mozilla.xul+xml",
    "text/cache-manifest",
    "text/event-stream",
    "text/x-component",
    "application/hta",
)
"""Types that a browser must save, not show."""

NO_TYPES = ("", "html", "a/b/c", "image/png\tx", "text/html, image/png", "image /png", "*/*;q", "x" * 300 + "/y")
"""What is no type at all: served as unknown bytes."""

SHOWN = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/apng",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "audio/mpeg",
    "audio/ogg",
    "audio/flac",
    "audio/wav",
    "audio/mp4",
    "text/plain",
    "text/plain; charset=utf-8",
    "IMAGE/PNG",
)
"""Types that a browser may show."""
