"""The common increment of `/v3/sync`, put together of bytes that all receivers with the same filter share.

It says what `v3` would say, or nothing: then `v3` does it. Spec: Client-Server API, Syncing.
"""

from typing import NamedTuple

import orjson

from homeserver.protocol.positions import SyncToken
from homeserver.services.rooms import Rooms
from homeserver.services.states import States
from homeserver.services.sync.collect.items import Item, Live
from homeserver.services.sync.collect.rooms import RoomNews
from homeserver.services.sync.collect.talk import RoomTalk, Talks
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.sync.v3_rooms import Json, RoomBlocks, SentMembers, Wanted, add_counts
from homeserver.services.unread import Unread
from homeserver.storage.members import Membership


class QuickIncrement(NamedTuple):
    """Makes these answers."""

    talks: Talks
    live: Live
    rooms: Rooms
    blocks: RoomBlocks
    unread: Unread
    states: States

    def answer(self, viewer: Viewer, wanted: Wanted, sent: SentMembers, since: SyncToken, token: SyncToken) -> Json:
        """The increment in `(since, token]` without its token; empty when it is not so simple, or nothing is new."""
        if wanted.full_state or (since.epoch, since.n) != (self.states.epoch, self.states.counter):
            return {}
        heard = self.talks.heard(viewer.requester, viewer.rooms, viewer.ignored, since.position, token.position)
        texts: list[bytes] = []
        for nid, talk in heard or ():
            counts = self.unread.known(viewer.user_id, nid)
            if counts is None or not self._knows_senders(nid, talk, wanted, sent):
                return {}
            shared = self._shared(viewer.rooms[nid], talk, wanted)
            if shared:
                own: Json = {}
                add_counts(own, counts, wanted)
                texts.append(shared + orjson.dumps(own)[1:])
        return {"rooms": orjson.Fragment(b'{"join":{%b}}' % b",".join(texts))} if texts else {}

    def _knows_senders(self, nid: int, talk: RoomTalk, wanted: Wanted, sent: SentMembers) -> bool:
        """Whether the client needs no member event to show the messages."""
        if not wanted.lazy:
            return True
        room = self.rooms.cached(nid)
        if room is None or wanted.redundant:
            return False
        members = ((user_id, room.members.get(user_id)) for user_id in talk.senders)
        return all(one is None or sent.has(nid, user_id, one.event_id) for user_id, one in members)

    def _shared(self, membership: Membership, talk: RoomTalk, wanted: Wanted) -> bytes:
        """The room's block, open for the counts; empty where the filter leaves nothing."""
        key = (id(wanted.chosen), wanted.state_after)
        found = talk.rendered.get(key)
        if isinstance(found, tuple):
            text: bytes = found[1]
            return text
        items = [Item(event) for event in talk.events]
        news = RoomNews(membership, "join", False, items, 0, False, [], talk.receipts, [])
        block = self.blocks.block(news, wanted)
        events = {event.event_id: self.live.shared(event) for event in talk.events}
        room = self.blocks.of_talk(block, wanted, events)
        text = b"%b:%b," % (orjson.dumps(talk.room_id), orjson.dumps(room)[:-1]) if room else b""
        # The filter is kept along, so that its number stays its own.
        talk.rendered[key] = (wanted.chosen, text)
        return text
