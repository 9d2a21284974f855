"""A house that is not ours: a real Synapse, behind one address with the files of our client."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.browser.front import front
from tests.support.ports import free_ports
from tests.support.postgres import Cluster
from tests.support.synapse import SynapseProcess
from tools.certificates import LocalCertificate

ALLOWED = {"room_list_publication_rules": [{"action": "allow"}], "max_event_delay_duration": "100d"}
"""What Synapse can do and does not by itself: to list public rooms, and to send messages later."""


class ForeignHouse:
    """What a story asks of its house. `url` is that of the page and of the API, `name` that of the server."""

    lacks = frozenset({"open-roles", "open-links", "open-slow", "group-close"})
    """Rows of a group's page that need our extensions."""
    stumbles = (500,)
    """What it may answer where others refuse: Synapse fails over some of what is hostile."""

    def __init__(self, url: str, synapse: SynapseProcess) -> None:
        self.url = url
        self._synapse = synapse

    @property
    def name(self) -> str:
        """The server name, `localhost:PORT`."""
        return self._synapse.name

    @property
    def log(self) -> str:
        """Everything that Synapse said so far."""
        return self._synapse.log

    async def start(self) -> None:
        """Start it again after its end."""
        await self._synapse.start()

    async def kill(self) -> None:
        """SIGKILL: the page stays, the API is gone."""
        await self._synapse.kill()

    async def restart(self) -> None:
        """End it in order and start it again."""
        await self._synapse.stop()
        await self._synapse.start()


@contextlib.asynccontextmanager
async def foreign_house(
    files: str, cluster: Cluster, folder: Path, certificate: LocalCertificate, config: Mapping[str, Any]
) -> AsyncIterator[ForeignHouse]:
    """Starts one. `files`: where our client is served; `config`: as a story says it to a server of ours."""
    [port] = free_ports(1)
    url = f"http://localhost:{port}"
    changes = {"public_baseurl": f"{url}/", **ALLOWED, **_as_synapse_says_it(config, url)}
    async with contextlib.AsyncExitStack() as open_:
        synapse = await SynapseProcess.made(cluster, folder, certificate, open_, changes)
        await open_.enter_async_context(front(files=files, api=synapse.url, port=port))
        yield ForeignHouse(url, synapse)


def _as_synapse_says_it(config: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The same wishes in Synapse's words; a story that wants what is not here has to be taught first."""
    said: dict[str, Any] = {}
    for name, value in config.items():
        match name:
            case "app_service_config_files":
                said[name] = value
            case "media":
                said |= {"url_preview_enabled": value["url_previews"]["enabled"], "url_preview_ip_range_blacklist": []}
            case "login":
                said["oidc_providers"] = [_oidc(one) for one in value["oidc"]]
                said["sso"] = {"client_whitelist": [url]}
            case "outbound_http":
                pass  # private addresses are allowed to Synapse already
            case _:
                raise NotImplementedError(name)
    return said


def _oidc(provider: Mapping[str, str]) -> dict[str, Any]:
    named = {"localpart_template": "{{ user.preferred_username }}", "display_name_template": "{{ user.name }}"}
    return {
        "idp_id": provider["id"],
        "idp_name": provider["name"],
        **{name: provider[name] for name in ("issuer", "client_id")},
        "client_secret": quote(provider["client_secret"]),  # which Synapse sends as it is (RFC 6749, section 2.3.1)
        "scopes": ["openid", "profile"],
        "pkce_method": "always",
        "skip_verification": True,  # its issuer is on plain HTTP
        "user_mapping_provider": {"config": named},
    }
