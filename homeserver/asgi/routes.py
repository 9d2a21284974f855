"""The tree of routes over the raw path: split at the slashes first, percent-decode each segment after.

So an id that holds an encoded slash stays one segment. A parameter never matches an empty segment.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from homeserver.asgi.request import Request
from homeserver.asgi.responses import Answer
from homeserver.errors import InvalidParam

Params = Mapping[str, str]
Handler = Callable[[Request, Params], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers one method of one path. `path` has parameters as `<name>`; `resource` is a listener's word."""

    method: str
    path: str
    resource: str
    handler: Handler
    long_poll: bool = False


@dataclass(slots=True)
class _Node:
    fixed: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Routes:
    """All routes of a process."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for segment in route.path.split("/")[1:]:
            if segment.startswith("<"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.routes[route.method] = route
        node.names[route.method] = tuple(names)

    def find(self, method: str, raw_path: bytes) -> tuple[Route | None, Params, bool]:
        """The route with its parameters, or None and whether the path exists with another method.

        Raises InvalidParam if a segment is not UTF-8 or holds a NUL.
        """
        segments = _segments(raw_path)
        known = False
        for node, values in _matches(self._root, segments, 0, ()):
            route = node.routes.get(method)
            if route is not None:
                return route, dict(zip(node.names[method], values, strict=True)), True
            known = known or bool(node.routes)
        return None, {}, known


def _matches(
    node: _Node, segments: list[str], depth: int, values: tuple[str, ...]
) -> Iterable[tuple[_Node, tuple[str, ...]]]:
    """Nodes with routes that the segments lead to; a fixed segment goes before a parameter."""
    while depth < len(segments):
        segment = segments[depth]
        fixed = node.fixed.get(segment)
        if fixed is not None:
            if node.parameter is not None and segment:
                yield from _matches(fixed, segments, depth + 1, values)
            else:
                node, depth = fixed, depth + 1
                continue
        if node.parameter is None or not segment:
            return
        node, depth, values = node.parameter, depth + 1, (*values, segment)
    if node.routes:
        yield node, values


def _segments(raw_path: bytes) -> list[str]:
    try:
        segments = raw_path.decode("utf-8").split("/")[1:]
        if b"%" in raw_path:
            segments = [
                unquote_to_bytes(segment).decode("utf-8") if "%" in segment else segment for segment in segments
            ]
    except UnicodeDecodeError:
        raise InvalidParam("The path is not UTF-8") from None
    if b"%00" in raw_path or b"\0" in raw_path:
        raise InvalidParam("The path holds a NUL")
    return segments
