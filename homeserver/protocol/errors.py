"""The ways in which pure rules refuse: bytes that are not JSON, a malformed event, a bad signature, a failed rule.

Not for answers to clients: services give these errors a meaning.
"""


class ProtocolError(Exception):
    """Base of the errors of this package."""


class BadIdentifier(ProtocolError, ValueError):
    """A text is not an identifier of the kind asked for."""


class BadJson(ProtocolError, ValueError):
    """Bytes are not JSON, or hold what canonical JSON does not allow."""


class BadEvent(ProtocolError, ValueError):
    """A PDU has not the format, or not the size, that its room version asks for."""


class BadSignature(ProtocolError):
    """A signature is missing, cannot be read, or does not match."""


class NotAllowed(ProtocolError):
    """An authorisation rule refuses an event. `rule` is the rule's number on the page of the event's room version."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(f"rule {rule}: {why}")
        self.rule = rule
        self.why = why
