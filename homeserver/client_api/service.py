"""For whoever runs the server: whether it lives, and its figures. No user data, no auth; offered by listener."""

from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import NONE, Call, EndpointTable


def endpoints(
    endpoint: EndpointTable, check: Callable[[], Awaitable[None]], registry: CollectorRegistry | None
) -> None:
    """Register `/health` and, with a registry, `/metrics`. `check` raises Unavailable while the server cannot work."""

    @endpoint("GET", "/health", auth=NONE, limit="public")
    async def health(_call: Call[None]) -> Answer:
        """Answer 200 while requests can be served, else 503."""
        await check()
        return Raw(b"OK\n", "text/plain; charset=utf-8")

    if registry is None:
        return

    @endpoint("GET", "/metrics", auth=NONE, limit="public", resource="metrics")
    async def metrics(_call: Call[None]) -> Answer:
        """The figures of this process, as Prometheus reads them."""
        return Raw(generate_latest(registry), CONTENT_TYPE_LATEST)
