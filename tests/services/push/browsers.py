"""The push service of a browser's maker over TLS, and the browser behind it that can read what comes."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from homeserver.providers.web_push import encoded
from tests.support.client import Json
from tests.support.ports import free_ports
from tests.support.waiting import eventually
from tools.certificates import LocalCertificate

KIND = "app.hearth.webpush"


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass
class PushService:
    """The push service of a browser's maker, and the browser behind it. `status`: what it answers."""

    port: int
    status: int = 201
    came: list[tuple[str, Json, bytes]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = b"sixteen letters."

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.status)

    def subscription(self, name: str) -> Json:
        """A pusher of a browser that subscribed under this name."""
        return {
            "kind": KIND,
            "app_id": "app.hearth.web",
            "pushkey": encoded(point(self.key.public_key())),
            "app_display_name": "Hearth",
            "device_display_name": "Browser",
            "lang": "en",
            "data": {"url": f"https://localhost:{self.port}/send/{name}", "auth": encoded(self.secret)},
        }

    def opened(self, body: bytes) -> Json:
        """What the browser reads. Spec: RFC 8291, RFC 8188."""
        salt, theirs, sealed = body[:16], body[21 : 21 + body[20]], body[21 + body[20] :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))

        def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
            return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)

        info = b"WebPush: info\0" + point(self.key.public_key()) + theirs
        secret = derived(shared, self.secret, info, 32)
        content = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        plain = AESGCM(content).decrypt(derived(secret, salt, b"Content-Encoding: nonce\0", 12), sealed, None)
        assert plain[-1] == 2, "the last record"
        told: Json = orjson.loads(plain[:-1])
        return told

    async def has(self, number: int) -> None:
        async def arrived() -> bool:
            return len(self.came) >= number

        await eventually(arrived)


@contextlib.asynccontextmanager
async def running_service(certificate: LocalCertificate) -> AsyncIterator[PushService]:
    [port] = free_ports(1)
    service = PushService(port)
    app = web.Application()
    app.router.add_post("/{tail:.*}", service.take)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.private_key)
    await web.TCPSite(runner, "localhost", port, ssl_context=context).start()
    try:
        yield service
    finally:
        await runner.cleanup()
