"""The configuration of a server on this machine that federates with others on it: for `./run demo` and for tests.

Its name is `localhost:PORT`: a name with a port needs neither DNS nor well-known. Federation goes over TLS by a
throw-away authority; people use the plain port, where a browser sees a secure context too.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.certificates import LocalCertificate


@dataclass(frozen=True, slots=True)
class LocalServer:
    """Where such a server is: its name, its addresses for clients, its configuration file."""

    name: str
    url: str
    secure_url: str
    config: Path


def write_config(
    folder: Path,
    *,
    client_port: int,
    federation_port: int,
    certificate: LocalCertificate,
    **overrides: Any,  # noqa: ANN401 - sections of the configuration file
) -> LocalServer:
    """Write `homeserver.yaml` in `folder`, which holds its data too. `overrides` are merged into the top keys."""
    server = LocalServer(
        name=f"localhost:{federation_port}",
        url=f"http://localhost:{client_port}",
        secure_url=f"https://localhost:{federation_port}",
        config=folder / "homeserver.yaml",
    )
    tls = {"certificate": str(certificate.certificate), "private_key": str(certificate.private_key)}
    values: dict[str, Any] = {
        "server_name": server.name,
        "public_baseurl": server.url,
        "data_dir": str(folder / "data"),
        "listeners": [
            *({"host": host, "port": client_port} for host in loopback_hosts()),
            *({"host": host, "port": federation_port, "tls": tls} for host in loopback_hosts()),
        ],
        "registration": {"enabled": True, "without_verification": True},
        "federation": {
            "ca_files": [str(certificate.authority)],
            "allow_private_addresses": True,
            "trusted_key_servers": [],
        },
    }
    for key, value in overrides.items():
        held = values.get(key)
        values[key] = {**held, **value} if isinstance(held, dict) and isinstance(value, Mapping) else value
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server.config.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return server


def loopback_hosts() -> list[str]:
    """The loopback addresses of this machine; some have no IPv6."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]
