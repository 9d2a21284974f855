"""The file of this server's signing key: made at first start, readable by us alone, refused when it is no secret.

Format: one line `ed25519 VERSION SEED` with the seed as unpadded base64, as other servers write it.
"""

import itertools
import os
import stat
from pathlib import Path

from homeserver.clock import Rng
from homeserver.protocol.hashes import decode_base64, encode_base64
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey


class BadKeyFile(Exception):
    """The signing key cannot be used; the message says what to do."""


def load_or_create(path: Path, server: ServerName, rng: Rng) -> SigningKey:
    """Raises BadKeyFile."""
    try:
        return load(path, server)
    except FileNotFoundError:
        return create(path, server, rng)


def load(path: Path, server: ServerName) -> SigningKey:
    """Raises BadKeyFile, FileNotFoundError."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(1000).decode("ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeyFile(f"cannot read the signing key {path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise BadKeyFile(f"the signing key {path} is readable by others: run `chmod 600 {path}`")
    words = text.split()
    try:
        algorithm, version, seed = words
        raw = decode_base64(seed)
    except ValueError:
        raise BadKeyFile(f"the signing key {path} is not `ed25519 VERSION SEED`") from None
    if algorithm != "ed25519" or len(raw) != 32 or not version.replace("_", "a").isalnum() or not version.isascii():
        raise BadKeyFile(f"the signing key {path} is not `ed25519 VERSION SEED`")
    if _is_placeholder(raw):
        raise BadKeyFile(f"the signing key {path} is a placeholder that anyone can guess: remove the file")
    return SigningKey(server, f"ed25519:{version}", raw)


def create(path: Path, server: ServerName, rng: Rng) -> SigningKey:
    """Write a new key; never over an old one. Raises BadKeyFile."""
    version, seed = "a_" + rng.letters(4), rng.bytes(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"ed25519 {version} {encode_base64(seed)}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return load(path, server)
    except OSError as error:
        raise BadKeyFile(f"cannot write the signing key {path}: {error}") from error
    return SigningKey(server, f"ed25519:{version}", seed)


def _is_placeholder(seed: bytes) -> bool:
    """One byte repeated, or bytes that rise by one: what examples and broken scripts write."""
    return len(set(seed)) <= 2 or all(b - a in (1, -255) for a, b in itertools.pairwise(seed))
