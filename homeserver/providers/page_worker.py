"""Reads what strangers wrote: a script of its own, run by `pages` in a process without files, network or secrets.

It takes one job on standard input, a length (4 bytes), a JSON head and bytes, and answers JSON: what an HTML page says
of itself, or the kind and size of an image. Imports nothing of the server. Spec: The Open Graph protocol; oEmbed.
"""

import codecs
import io
import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image, WebPImagePlugin
from selectolax.lexbor import LexborHTMLParser, LexborNode

MEMORY_BYTES: Final = 512 * 1024 * 1024
CPU_S: Final = 5
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 1_000
MAX_PROPERTIES: Final = 60
MAX_TEXT: Final = 1_000
MAX_URL: Final = 2_048
MAX_DESCRIPTION: Final = 400
CHARSETS: Final = frozenset(
    {
        "utf-8",
        "ascii",
        "iso8859-1",
        "iso8859-2",
        "iso8859-5",
        "iso8859-7",
        "iso8859-9",
        "iso8859-15",
        "koi8-r",
        "koi8-u",
    }
    | {f"cp{number}" for number in range(1250, 1259)}
    | {"gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949"}
    | {"utf-16", "utf-16-le", "utf-16-be", "tis-620", "cp874"}
)
FORMATS: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:-]{1,40})", re.IGNORECASE)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})")
_UNNESTED: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p"}
    | {"li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "path", "use"}
)
"""Elements without an end, or whose end is left out as a rule."""
_SPACE: Final = re.compile(r"\s+")
_SILENT: Final = frozenset(
    {"script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "head", "header", "footer", "nav"}
    | {"aside", "form", "button", "select", "textarea", "figure", "picture", "video", "audio"}
)
_FROM_TWITTER: Final = {
    "twitter:title": "og:title",
    "twitter:description": "og:description",
    "twitter:image": "og:image",
    "twitter:image:src": "og:image",
}


def page(job: dict[str, Any], data: bytes) -> dict[str, Any]:
    """What an HTML page says of itself: `og` (its properties), and `oembed`, the address of more."""
    tree = LexborHTMLParser(_shallow(_decoded(job.get("charset"), data)))
    found: dict[str, str] = {}
    spare: dict[str, str] = {}
    for meta in tree.css("meta")[:1_000]:
        attributes = meta.attributes
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        content = _clean(attributes.get("content"))
        if not content or len(found) >= MAX_PROPERTIES:
            continue
        if name.startswith("og:") and len(name) < 100:
            found.setdefault(name, content)
        elif name in _FROM_TWITTER:
            spare.setdefault(_FROM_TWITTER[name], content)
        elif name == "description":
            spare.setdefault("og:description", content)
    title = tree.css_first("title")
    if title is not None and (text := _clean(title.text(deep=True))):
        spare.setdefault("og:title", text)
    found = {**spare, **found}
    if "og:description" not in found and (text := _first_words(tree)):
        found["og:description"] = text
    if "og:image" not in found and (link := tree.css_first("link[rel=image_src]")) is not None:
        found["og:image"] = _clean(link.attributes.get("href"))
    answer: dict[str, Any] = {"og": {key: value for key, value in found.items() if value}}
    oembed = tree.css_first('link[type="application/json+oembed"]')
    if oembed is not None and (address := oembed.attributes.get("href")) and len(address) <= MAX_URL:
        answer["oembed"] = address
    return answer


def image(_job: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The kind and the size of an image, read from its first bytes alone."""
    with Image.open(io.BytesIO(data), formats=list(FORMATS)) as opened:
        return {"type": FORMATS[str(opened.format)], "width": opened.width, "height": opened.height}


def _decoded(charset: str | None, data: bytes) -> str:
    """The text in the charset that the header names, else the page itself, else UTF-8; only well-known ones."""
    for name in _named_charsets(charset, data):
        codec = _codec(name)
        if codec is not None:
            return data.decode(codec, "replace")
    return data.decode("utf-8", "replace")


def _named_charsets(charset: str | None, data: bytes) -> list[str]:
    in_page = _META_CHARSET.search(data[:4_096])
    return [name for name in (charset, in_page[1].decode("ascii") if in_page else None) if name]


def _codec(name: str) -> str | None:
    """The codec of a charset, if it is one of those that pages are written in."""
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return None
    return codec.name if codec.name in CHARSETS else None


def _shallow(text: str) -> str:
    """The page up to where it is nested too deeply: the time that parsing takes grows with the square of that."""
    depth = 0
    for tag in _TAG.finditer(text):
        if tag[2].lower() not in _UNNESTED:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_DEPTH:
                return text[: tag.start()]
    return text


def _clean(text: str | None) -> str:
    """One line, of a bounded length, that JSON can hold."""
    short = _SPACE.sub(" ", (text or "")[: 4 * MAX_TEXT]).strip()[:MAX_TEXT]
    return short.encode("utf-8", "ignore").decode("utf-8").replace("\0", "")


def _first_words(tree: LexborHTMLParser) -> str:
    """The first text of the page that is part of its contents; no recursion, however deep it is nested."""
    parts: list[str] = []
    size = 0
    if tree.body is None:
        return ""
    for node in _texts(tree.body):
        text = _SPACE.sub(" ", node.text_content or "").strip()
        if text:
            parts.append(text)
            size += len(text)
            if size >= MAX_DESCRIPTION:
                break
    words = " ".join(parts)
    return words if len(words) <= MAX_DESCRIPTION else words[: MAX_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"


def _texts(body: LexborNode) -> Iterator[LexborNode]:
    """Text nodes in order, without those of elements that say nothing."""
    node, seen = body.child, 0
    while node is not None and seen < MAX_NODES:
        seen += 1
        if node.tag == "-text":
            yield node
        following = node.child if node.tag not in _SILENT else None
        while following is None and node is not None and node.mem_id != body.mem_id:
            following = node.next
            if following is None:
                node = node.parent
        node = following


def main() -> None:
    """Do the one job."""
    source = sys.stdin.buffer
    head = json.loads(source.read(int.from_bytes(source.read(4), "big")))
    data = source.read()
    # What is loaded when it is first needed is needed now: no file can be opened below.
    Image.preinit()
    assert WebPImagePlugin.SUPPORTED is not None
    for name in _named_charsets(head.get("charset"), data):
        _codec(name)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # no socket, no file
    try:
        answer = {"page": page, "image": image}[head["kind"]](head, data)
    except Exception:  # noqa: BLE001 - whatever it is, the server hears of it as this
        answer = {"error": "unreadable"}
    os.write(1, json.dumps(answer).encode("utf-8"))


if __name__ == "__main__":
    main()
