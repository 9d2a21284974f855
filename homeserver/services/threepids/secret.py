"""The secret behind the vault: a file beside the signing key, made at first start, readable by us alone."""

import os
import stat
from pathlib import Path

from homeserver.clock import Rng
from homeserver.services.threepids.vault import SECRET_BYTES


class BadSecret(Exception):
    """The file cannot be used; the message says what to do."""


def load_or_create(path: Path, rng: Rng) -> bytes:
    """32 bytes. Raises BadSecret. Without the file the numbers in the database are lost: it belongs into the backup."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _load(path)
    except OSError as error:
        raise BadSecret(f"cannot write the address key {path}: {error.strerror}") from error
    secret = rng.bytes(SECRET_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
    return secret


def _load(path: Path) -> bytes:
    try:
        mode, secret = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise BadSecret(f"cannot read the address key {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise BadSecret(f"the address key {path} is readable by others: run `chmod 600 {path}`")
    if len(secret) != SECRET_BYTES:
        raise BadSecret(f"the address key {path} is damaged: put the one of your backup in its place")
    return secret
