"""What may stand in an mxc:// URI, and how a file is announced to a browser: type, name, inline or not.

Spec: Client-Server API, Matrix Content (mxc://) URIs; Serving inline content.
"""

import re
from typing import Final
from urllib.parse import quote

from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import parse_server_name

UNKNOWN_TYPE: Final = "application/octet-stream"
MAX_FILENAME_BYTES: Final = 255

INLINE_TYPES: Final = frozenset(
    {
        "image/png",
        "image/apng",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "video/mp4",
        "video/webm",
        "video/ogg",
        "video/quicktime",
        "audio/mp4",
        "audio/webm",
        "audio/ogg",
        "audio/aac",
        "audio/mpeg",
        "audio/flac",
        "audio/x-flac",
        "audio/wav",
        "audio/wave",
        "audio/x-wav",
        "audio/x-pn-wav",
        "text/plain",
    }
)
"""Shown by a browser on its own; everything else is saved. No type that can hold a script, in any reading of it."""

_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_WORD = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|\"[A-Za-z0-9 ,.:_+/-]*\"))*")
_CHARSET = re.compile(r";[ \t]*charset=\"?([^;\" \t]*)", re.IGNORECASE)
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069/\\]+")
_PLAIN = re.compile(r"[A-Za-z0-9 ._()+=,@~-]+")


def is_mxc(server: str, media_id: str) -> bool:
    """Whether the two may be the parts of an mxc:// URI."""
    try:
        parse_server_name(server)
    except BadIdentifier:
        return False
    return _MEDIA_ID.fullmatch(media_id) is not None


def content_type_of(declared: str | None) -> str:
    """The type that a file is served with: as declared, if it is one at all."""
    declared = (declared or "").strip()
    return declared if len(declared) <= 255 and _TYPE.fullmatch(declared) else UNKNOWN_TYPE


def filename_of(declared: str | None) -> str | None:
    """A file name without folders, control signs and signs that turn the direction of text; None if nothing is left."""
    if declared is None:
        return None
    name = _CONTROL.sub("_", declared.encode("utf-8", "replace").decode()).strip(" .")
    while len(name.encode()) > MAX_FILENAME_BYTES:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{ending}" if stem and len(ending) < 20 else name[:-1]
    return name or None


def is_inline(content_type: str) -> bool:
    """Whether a browser may show the file. A strange charset could make another text of it."""
    kind = content_type.partition(";")[0].strip().lower()
    charsets = [charset.lower() for charset in _CHARSET.findall(content_type)]
    return kind in INLINE_TYPES and _CHARSETS.issuperset(charsets)


def disposition(content_type: str, filename: str | None) -> str:
    """The Content-Disposition header: the name in plain letters, and in full if it has others (RFC 6266)."""
    kind = "inline" if is_inline(content_type) else "attachment"
    if filename is None:
        return kind
    if _PLAIN.fullmatch(filename):
        return f'{kind}; filename="{filename}"'
    plain = re.sub(r"[^A-Za-z0-9 ._()+=,@~-]", "_", filename)
    return f"{kind}; filename=\"{plain}\"; filename*=utf-8''{quote(filename, safe='')}"
