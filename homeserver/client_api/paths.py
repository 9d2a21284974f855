"""Paths of endpoints: where they begin, under which other names they are served, what their handlers must take."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

ROOT: Final = "/_matrix/client"
_FROM_ROOT: Final = ("/_matrix/", "/_synapse/", "/.well-known/", "/health", "/metrics")
_SLASH_OPTIONAL: Final = frozenset({"/v3/rooms/<room_id>/state/<event_type>", "/v3/pushrules"})


def from_root(path: str) -> str:
    """The whole path: below `ROOT` unless it names its root itself."""
    return path if path.startswith(_FROM_ROOT) else ROOT + path


def names_of(path: str) -> Iterable[str]:
    """The path and the other names it is served under: old versions, and a slash at the end where clients differ."""
    bare = path.rstrip("/")
    for form in (bare, f"{bare}/") if bare.removeprefix(ROOT) in _SLASH_OPTIONAL else (path,):
        yield form
        if form.startswith(f"{ROOT}/v3/"):
            yield f"{ROOT}/r0/{form.removeprefix(f'{ROOT}/v3/')}"
        elif form.startswith("/_matrix/media/v3/"):
            yield form.replace("/v3/", "/r0/", 1)
            yield form.replace("/v3/", "/v1/", 1)


def check_parameters(handler: Callable[..., Any], path: str) -> None:
    """A handler must take exactly the parameters of its path, after the call. Raises ValueError."""
    named = [segment[1:-1] for segment in path.split("/") if segment.startswith("<")]
    taken = list(inspect.signature(handler).parameters)[1:]
    if sorted(named) != sorted(taken):
        raise ValueError(f"{path} has the parameters {named}, {handler.__name__} takes {taken}")
