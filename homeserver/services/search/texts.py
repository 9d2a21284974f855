"""What of an event can be searched, and by what else than words it is found.

Spec: Client-Server API, Server Side Search, `room_events`. Not for: who sees it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from homeserver.protocol.search_terms import gram_hash, index_grams

MESSAGE: Final = 1
NAME: Final = 2
TOPIC: Final = 3
KIND_OF_KEY: Final[Mapping[str, int]] = {"content.body": MESSAGE, "content.name": NAME, "content.topic": TOPIC}
KIND_OF_TYPE: Final[Mapping[str, int]] = {"m.room.message": MESSAGE, "m.room.name": NAME, "m.room.topic": TOPIC}
MEDIA: Final[Mapping[str, str]] = {
    "m.image": "image",
    "m.video": "video",
    "m.audio": "audio",
    "m.file": "file",
}
MEDIA_KINDS: Final = (*MEDIA.values(), "link")
_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_QUOTED: Final = re.compile(r"\A(?:> [^\n]*\n)+\n?")


class Searchable(NamedTuple):
    """The texts of an event, and which kind of event it is."""

    kind: int
    texts: tuple[str, ...]
    media: str | None = None
    has_url: bool = False


def searchable(event_type: str, content: object) -> Searchable | None:
    """What can be searched of an event with this content; None for nothing (redacted, encrypted, malformed)."""
    kind = KIND_OF_TYPE.get(event_type)
    if kind is None or not isinstance(content, dict):
        return None
    if kind == MESSAGE:
        body = content.get("body")
        if not isinstance(body, str):
            return None
        if isinstance(content.get("m.relates_to"), dict) and "m.in_reply_to" in content["m.relates_to"]:
            body = _QUOTED.sub("", body)
        media = MEDIA.get(str(content.get("msgtype")))
        texts = [body]
        filename = content.get("filename")
        if media is not None and isinstance(filename, str) and filename != body:
            texts.append(filename)
        if media is None and _LINK.search(body):
            media = "link"
        return Searchable(kind, tuple(texts), media, "url" in content)
    texts = [text for text in _of_state(kind, content) if isinstance(text, str) and text]
    return Searchable(kind, tuple(texts)) if texts else None


def _of_state(kind: int, content: Mapping[str, Any]) -> list[object]:
    if kind == NAME:
        return [content.get("name")]
    extensible = content.get("m.topic")
    parts = extensible.get("m.text") if isinstance(extensible, dict) else None
    plain = [
        part.get("body")
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and part.get("mimetype", "text/plain") == "text/plain"
    ]
    return list(dict.fromkeys(text for text in [content.get("topic"), *plain] if isinstance(text, str)))


def grams_of(found: Searchable, sender: str) -> set[int]:
    """Everything an event is found by."""
    grams = index_grams(*found.texts)
    grams.add(sender_gram(sender))
    if found.media is not None:
        grams.add(media_gram(found.media))
    return grams


def sender_gram(sender: str) -> int:
    """Stands for messages of one user. No word begins as it does."""
    return gram_hash(f"@ {sender}")


def media_gram(media: str) -> int:
    """Stands for one of `MEDIA_KINDS`."""
    return gram_hash(f"# {media}")


def salt(room_nid: int, era: int) -> int:
    """What the grams of a room's era are mixed with."""
    return gram_hash(f"{room_nid}/{era}")


def mixed(grams: "set[int] | list[int]", room_nid: int, era: int) -> list[int]:
    """The grams as they stand in the documents of an era."""
    by = salt(room_nid, era)
    return [gram ^ by for gram in grams]


def edit_of(content: object) -> tuple[str, Mapping[str, Any]] | None:
    """(event id, new content) of an edit. Spec: Client-Server API, Event replacements."""
    if not isinstance(content, dict):
        return None
    relates, new = content.get("m.relates_to"), content.get("m.new_content")
    if not isinstance(relates, dict) or relates.get("rel_type") != "m.replace" or not isinstance(new, dict):
        return None
    target = relates.get("event_id")
    return (target, new) if isinstance(target, str) else None
