"""Reads the configuration file and the environment into `Config`. Every mistake is one clear line: `ConfigError`."""

import difflib
import ipaddress
import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import yaml

from homeserver.config import Config
from homeserver.config.kinds import SECRET

ENV_PREFIX = "HEARTH_"
_SERVER_NAME = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,230})(:\d{1,5})?")
_AT = re.compile(r"(.*) - at `\$\.?(.*)`")


class ConfigError(Exception):
    """The configuration cannot be used; the message is one line that says where and why."""


def load(path: str | Path | None, env: Mapping[str, str]) -> Config:
    """The configuration of `path`, or the defaults without one, with secrets from files and the environment."""
    name = "the defaults" if path is None else str(path)
    try:
        values = {} if path is None else _read(Path(path))
        _take_secret_files(values, Config)
        _take_environment(values, Config, env)
        _refuse_unknown(values, Config, "")
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_readable(str(error))}") from None
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None
    for mistake in _mistakes(config):
        raise ConfigError(f"{name}: {mistake}")
    return config


class _Loader(yaml.SafeLoader):
    """YAML without silently lost duplicates."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ConfigError(f"line {key.start_mark.line + 1}: '{key.value}' is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError("there is no such file; give the right one with --config") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError("is not a text file in UTF-8") from None
    try:
        values = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"line {line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise ConfigError("not valid YAML") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError("must be a mapping of keys at the top")
    return values


def _sections(kind: object) -> Iterator[type[msgspec.Struct]]:
    """The Struct types that a field of this type may hold."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for argument in get_args(kind):
        yield from _sections(argument)


def _is_secret(kind: object) -> bool:
    """Whether the type is `Secret`, or `Secret | None`."""
    if isinstance(kind, msgspec.Meta):
        return bool((kind.extra or {}).get(SECRET))
    return any(_is_secret(part) for part in get_args(kind))


def _fields(section: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    """Key in the file and type of every field."""
    hints = get_type_hints(section, include_extras=True)
    for field in msgspec.structs.fields(section):
        yield field.encode_name, hints[field.name]


def _take_secret_files(values: dict[str, Any], section: type[msgspec.Struct], at: str = "") -> None:
    """Replace every `KEY_file` of a secret by the content of the file."""
    for key, kind in _fields(section):
        where = f"{at}.{key}" if at else key
        if _is_secret(kind) and f"{key}_file" in values:
            values[key] = _secret_of(values.pop(f"{key}_file"), where)
        for inner in _sections(kind):
            held = values.get(key)
            for item in held if isinstance(held, list) else [held]:
                if isinstance(item, dict):
                    _take_secret_files(item, inner, where)


def _secret_of(file: object, where: str) -> str:
    try:
        return Path(str(file)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{where}_file: {file} cannot be read") from None


def _take_environment(
    values: dict[str, Any], section: type[msgspec.Struct], env: Mapping[str, str], at: str = ""
) -> None:
    """Set every secret that the environment names: `database.url` is HEARTH_DATABASE_URL."""
    for key, kind in _fields(section):
        name = f"{at}{key}".upper()
        if _is_secret(kind) and ENV_PREFIX + name in env:
            values[key] = env[ENV_PREFIX + name]
        inner = next(_sections(kind), None)
        if inner is None or not _wants(inner, env, f"{name}_"):
            continue
        held = values.setdefault(key, {})
        if isinstance(held, dict):
            _take_environment(held, inner, env, f"{name}_")


def _wants(section: type[msgspec.Struct], env: Mapping[str, str], prefix: str) -> bool:
    return any(name.startswith(ENV_PREFIX + prefix) for name in env) and bool(msgspec.structs.fields(section))


def _refuse_unknown(values: object, section: type[msgspec.Struct], at: str) -> None:
    if not isinstance(values, dict):
        return
    known = dict(_fields(section))
    for key, value in values.items():
        where = f"{at}.{key}" if at else str(key)
        if key not in known:
            near = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(sorted(known))}"
            raise ConfigError(f"unknown key '{where}'; {hint}")
        for inner in _sections(known[key]):
            if isinstance(value, list):
                for index, item in enumerate(value):
                    _refuse_unknown(item, inner, f"{where}[{index}]")
            else:
                _refuse_unknown(value, inner, where)


def _readable(message: str) -> str:
    found = _AT.fullmatch(message)
    text, where = (found[1], found[2]) if found else (message, "")
    text = text[:1].lower() + text[1:]
    return f"{where}: {text}" if where else text


def _mistakes(config: Config) -> Iterator[str]:
    """What each value allows but all together do not."""
    if not _SERVER_NAME.fullmatch(config.server_name):
        yield f"server_name: '{config.server_name}' is not a server name such as example.org or example.org:8448"
    if config.public_baseurl is not None and not config.public_baseurl.startswith(("https://", "http://")):
        yield "public_baseurl: must begin with https:// or http://"
    if not config.listeners:
        yield "listeners: at least one is needed"
    if config.processes > 1 and config.redis.url is None:
        yield "processes: more than one need redis.url"
    if config.database.url is not None and not config.database.url.startswith(("postgresql://", "postgres://")):
        yield "database.url: must begin with postgresql://"
    for network in config.trusted_proxies:
        if not _is_network(network):
            yield f"trusted_proxies: '{network}' is neither an address nor a network"
    for path in (config.federation.allow_private_addresses, config.outbound_http.allow_private_addresses):
        for network in path if isinstance(path, tuple) else ():
            if not _is_network(network):
                yield f"allow_private_addresses: '{network}' is neither an address nor a network"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
