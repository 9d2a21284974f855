"""Previews of linked pages. Spec: Client-Server API, Content repository."""

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.services.media.previews import Previews


def endpoints(endpoint: EndpointTable, previews: Previews) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v1/media/preview_url", auth=USER, limit="search", resource="media", socket=True)
    async def preview_url(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /media/preview_url."""
        return Raw(await previews.preview(call.requester, call.query.required("url")))

    @endpoint("GET", "/_matrix/media/v3/preview_url", auth=USER, limit="search", resource="media")
    async def old_preview_url(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /media/preview_url."""
        return Raw(await previews.preview(call.requester, call.query.required("url")))
