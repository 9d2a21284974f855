"""Contacts across paired servers. Not of the specification: docs/extensions.md, Being found by number."""

from typing import Final

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.errors import BadJson
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.services.discovery.pairing import Pairing, Question

LOOKUP: Final = "/unstable/app.hearth/contacts/lookup"


def endpoints(endpoint: PeerTable, pairing: Pairing) -> None:
    """Register it."""

    @endpoint.signed("POST", LOOKUP)
    async def look_contacts_up(call: PeerCall) -> Answer:
        """Spec: none; docs/extensions.md, Being found by number: a paired server asks for a user of its own."""
        try:
            question = msgspec.convert(call.object, Question)
        except msgspec.ValidationError as error:
            raise BadJson(str(error)) from error
        return dict(await pairing.answer(call.origin, question))
