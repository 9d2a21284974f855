"""How an answer looks: the accepted form. The one that is deployed differs in what `deployed` says."""

from collections.abc import Mapping
from typing import Any

from homeserver.services.sync.sliding.results import Result
from homeserver.services.sync.sliding.scope import Scope
from homeserver.services.unread import Counts

Json = dict[str, Any]


class Form:
    """Spec: MSC4186, as accepted."""

    has_counts = False
    """Whether rooms carry unread counts."""

    def room(self, result: Result, counts: Counts | None) -> Json:
        """A room of the answer; asked for where the form has counts."""
        return result.json

    def lists(self, scope: Scope, room_ids: Mapping[int, str]) -> Json:
        """The lists of the answer."""
        return {name: {"count": count} for name, count in scope.counts.items()}


ACCEPTED = Form()
