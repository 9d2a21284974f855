"""What can go wrong between us and another machine, by the fact that the caller has to know."""


class NetError(Exception):
    """Base: no usable answer came. Says nothing about what the other side did with the request."""


class AddressRefused(NetError, OSError):
    """The address, or port, is one that we do not connect to."""


class NameNotFound(NetError, OSError):
    """The name does not exist, or has no address."""


class ResolveFailed(NetError, OSError):
    """The name servers gave no answer in time, or a broken one."""


class Unreachable(NetError):
    """No connection, or it broke before the answer was complete."""


class TlsFailed(NetError):
    """The certificate does not fit the name, or nobody we trust signed it."""


class TimedOut(NetError):
    """The deadline passed."""


class TooBig(NetError):
    """The answer is larger than the caller allows."""


class BadAnswer(NetError):
    """Not HTTP, an encoding nobody asked for, or a redirect that may not be followed."""
