"""The only package that knows Hypercorn: sockets, TLS, limits, shutdown, and the supervisor of several processes."""

from homeserver.serving.binding import Binding, CannotListen, bind
from homeserver.serving.crowd import Crowd
from homeserver.serving.server import Application, serve
from homeserver.serving.supervisor import supervise

__all__ = ["Application", "Binding", "CannotListen", "Crowd", "bind", "serve", "supervise"]
