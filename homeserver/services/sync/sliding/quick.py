"""The common answer of a sliding connection, put together of bytes that all receivers share.

For who is up to date, in a room the client has, while nothing but messages and receipts came. It says what `engine`
would say, or nothing: then the engine does it. Spec: MSC4186.
"""

from typing import NamedTuple

import orjson

from homeserver.services.states import States
from homeserver.services.sync.collect.items import Live
from homeserver.services.sync.collect.own import receipt_content
from homeserver.services.sync.collect.talk import RoomTalk, Talks
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.sync.sliding.cache import Cache
from homeserver.services.sync.sliding.connection import Connection, Place, RoomSent
from homeserver.services.sync.sliding.extensions import COUNTS
from homeserver.services.sync.sliding.scope import Activity, InScope, Scope
from homeserver.services.sync.sliding.wanted import Extensions, Subscription
from homeserver.services.unread import Counts, Unread


class Quick(NamedTuple):
    """Makes these answers."""

    talks: Talks
    live: Live
    activity: Activity
    unread: Unread
    states: States

    def body(
        self, connection: Connection, viewer: Viewer, cache: Cache, sub: Subscription, place: Place
    ) -> tuple[bytes, dict[int, RoomSent | None]] | None:
        """The body of an answer up to `place` and what it changes of what the client has; None: not so simple."""
        scanned = cache.scanned or connection.place
        scope = cache.scope
        if scope is None or connection.place.is_start or (cache.sub is not sub and cache.sub != sub):
            return None
        if not self._is_quiet(cache, sub.extensions, scanned):
            return None
        heard = self.talks.heard(viewer.requester, viewer.rooms, viewer.ignored, scanned.position, place.position)
        if heard is None:
            return None
        sent: dict[int, RoomSent | None] = {}
        rooms: list[bytes] = []
        receipts: list[bytes] = []
        counted: list[tuple[int, RoomTalk, Counts]] = []
        for nid, talk in heard:
            in_scope, had = scope.rooms.get(nid), connection.rooms.get(nid)
            if in_scope is None or had is None or not _follows(had, in_scope, talk, scanned.position):
                return None
            if talk.events:
                if not _stays(scope, in_scope, sub):
                    return None
                rooms.append(self._room(nid, talk, in_scope.lists))
                sent[nid] = RoomSent(place.position, in_scope.wanted, "join", had.members)
            wanted = sub.extensions
            if talk.receipts and wanted.receipts.enabled and in_scope.reaches(wanted.receipts, talk.room_id):
                receipts.append(_receipts(talk))
            if talk.events and wanted.counts.enabled:
                counts = self.unread.known(viewer.user_id, nid)
                if counts is None:
                    return None
                if in_scope.reaches(wanted.counts, talk.room_id):
                    counted.append((nid, talk, counts))
        if not rooms and not receipts:
            return None
        extensions = []
        if receipts:
            extensions.append(b'"receipts":{"rooms":{%b}}' % b",".join(receipts))
        if counted:
            extensions.append(_counts(cache, counted))
        body = b'{"lists":%b,"rooms":{%b},"extensions":{%b}}' % (
            _lists(cache, scope),
            b",".join(rooms),
            b",".join(extensions),
        )
        return body, sent

    def _is_quiet(self, cache: Cache, wanted: Extensions, since: Place) -> bool:
        """Whether no extension has anything to say but receipts and counts."""
        memory = cache.memory
        if wanted.to_device.enabled and (memory.inbox_read is None or memory.inbox_has_more):
            return False
        if wanted.counts.enabled and memory.totals is None:
            return False
        if wanted.presence.enabled and not memory.watched and (wanted.presence.rooms or wanted.presence.users):
            return False
        if wanted.wants_typing or wanted.presence.enabled:
            return (since.epoch, since.counter) == (self.states.epoch, self.states.counter)
        return True

    def _room(self, nid: int, talk: RoomTalk, lists: tuple[str, ...]) -> bytes:
        text = talk.rendered.get(lists)
        if not isinstance(text, bytes):
            body = {
                "bump_stamp": self.activity.bump_stamp(nid),
                "lists": lists,
                "timeline": [self.live.shared(event) for event in talk.events],
                "num_live": len(talk.events),
                "limited": False,
            }
            text = talk.rendered[lists] = b"%b:%b" % (orjson.dumps(talk.room_id), orjson.dumps(body))
        return text


def _follows(had: RoomSent, in_scope: InScope, talk: RoomTalk, after: int) -> bool:
    """Whether the talk goes on where the client is, with nothing to explain."""
    wanted = in_scope.wanted
    if had.membership != "join" or had.upto > after or (had.wanted is not wanted and had.wanted != wanted):
        return False
    if not talk.events:
        return True
    return 0 < len(talk.events) <= wanted.timeline_limit and (not wanted.lazy or talk.senders <= had.members)


def _stays(scope: Scope, in_scope: InScope, sub: Subscription) -> bool:
    """Whether every list has the same rooms after this one moved to its top."""
    for name, listed in sub.lists.items():
        if listed.windows:
            first, last = listed.windows[0]
            if len(listed.windows) > 1 or first != 0 or (scope.counts[name] > last + 1 and name not in in_scope.lists):
                return False
    return True


def _lists(cache: Cache, scope: Scope) -> bytes:
    if cache.lists is None or cache.lists[0] is not scope:
        cache.lists = (scope, orjson.dumps({name: {"count": count} for name, count in scope.counts.items()}))
    return cache.lists[1]


def _receipts(talk: RoomTalk) -> bytes:
    text = talk.rendered.get("receipts")
    if not isinstance(text, bytes):
        event = {"type": "m.receipt", "content": receipt_content(talk.receipts)}
        text = talk.rendered["receipts"] = b"%b:%b" % (orjson.dumps(talk.room_id), orjson.dumps(event))
    return text


def _counts(cache: Cache, counted: list[tuple[int, RoomTalk, Counts]]) -> bytes:
    totals = cache.memory.totals
    assert totals is not None
    rooms = {}
    for nid, talk, counts in counted:
        total = counts.total
        totals[nid] = (total.notifications, total.highlights)
        threads = {root: {"n": one.notifications, "h": one.highlights} for root, one in counts.threads.items()}
        rooms[talk.room_id] = {"n": total.notifications, "h": total.highlights, "threads": threads}
    whole = {"n": sum(one[0] for one in totals.values()), "h": sum(one[1] for one in totals.values())}
    return b'"%b":%b' % (COUNTS.encode(), orjson.dumps({"total": whole, "rooms": rooms}))
