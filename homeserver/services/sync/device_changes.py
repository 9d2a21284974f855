"""Whose devices changed between two tokens, for a client that asks once more. Spec: Client-Server API, Tracking the
device list.
"""

from homeserver.errors import InvalidParam
from homeserver.protocol.positions import BadPosition, PageToken, parse_token
from homeserver.services.feed import Feed
from homeserver.services.requester import Requester
from homeserver.services.sync.collect.own import DeviceLists, device_lists
from homeserver.services.sync.collect.rooms import Collector


class DeviceChanges:
    """Answers `/keys/changes` with what sync would have said."""

    def __init__(self, feed: Feed, collector: Collector) -> None:
        self._feed = feed
        self._collector = collector

    async def between(self, requester: Requester, after: str, upto: str) -> DeviceLists:
        """Users to look at again, and those who need not be watched any more [0 trips, 2 for old tokens].

        What changed after `upto` is named too: it can only spare a question. Raises InvalidParam.
        """
        start, _ = _position(after), _position(upto)
        viewers = self._collector.viewers
        arrival = await viewers.arrive(requester, start, timeline=2)
        viewer = await viewers.viewer(requester, arrival.listener, arrival.upto)
        news = await self._collector.news(viewer, start, self._feed.head, limit=1, missed=arrival.missed)
        return device_lists(news, viewer, self._collector.rooms)


def _position(text: str) -> int:
    """The place in the stream that a token of sync stands for."""
    try:
        token = parse_token(text)
    except BadPosition as error:
        raise InvalidParam("That is no token of a sync.") from error
    if isinstance(token, PageToken):
        raise InvalidParam("That is no token of a sync.")
    return token.position
