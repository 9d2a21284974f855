"""The errors that services raise and the two HTTP adapters turn into JSON, each in one place.

One class per meaning, with the spec's status and errcode. Rules of `protocol` have their own errors; services catch
them and give them a meaning. Spec: Client-Server API, Standard error response.
"""

from collections.abc import Mapping
from typing import ClassVar


class MatrixError(Exception):
    """An answer to the client: HTTP status, errcode, message, and further top-level `fields` of the JSON."""

    default_status: ClassVar[int] = 400
    default_errcode: ClassVar[str] = "M_UNKNOWN"
    default_message: ClassVar[str] = "The request failed"

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        errcode: str | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: object,
    ) -> None:
        self.status = self.default_status if status is None else status
        self.errcode = errcode or self.default_errcode
        self.message = message or self.default_message
        self.headers: Mapping[str, str] = headers or {}
        self.fields: Mapping[str, object] = fields
        super().__init__(self.message)

    def body(self) -> dict[str, object]:
        """The JSON object of the answer."""
        return {"errcode": self.errcode, "error": self.message, **self.fields}


class Unknown(MatrixError):
    """Something else went wrong."""


class InternalError(MatrixError):
    """A fault of ours; its cause stands in the log, never in the answer."""

    default_status = 500
    default_message = "Internal server error"


class Forbidden(MatrixError):
    """The requester may not do this."""

    default_status = 403
    default_errcode = "M_FORBIDDEN"
    default_message = "You are not allowed to do this"


class GuestAccessForbidden(MatrixError):
    """Not for guests."""

    default_status = 403
    default_errcode = "M_GUEST_ACCESS_FORBIDDEN"
    default_message = "Guests may not do this"


class NotFound(MatrixError):
    """The thing named does not exist, or the requester may not know of it."""

    default_status = 404
    default_errcode = "M_NOT_FOUND"
    default_message = "Not found"


class Unrecognized(MatrixError):
    """No endpoint has this path."""

    default_status = 404
    default_errcode = "M_UNRECOGNIZED"
    default_message = "Unknown endpoint"


class MethodNotAllowed(MatrixError):
    """The path exists with other methods."""

    default_status = 405
    default_errcode = "M_UNRECOGNIZED"
    default_message = "This endpoint has no such method"


class BadJson(MatrixError):
    """JSON of the wrong shape."""

    default_errcode = "M_BAD_JSON"
    default_message = "The body is not of the expected shape"


class NotJson(MatrixError):
    """Not JSON at all."""

    default_errcode = "M_NOT_JSON"
    default_message = "The body is not JSON"


class MissingParam(MatrixError):
    """A required field or parameter is absent."""

    default_errcode = "M_MISSING_PARAM"
    default_message = "A required parameter is missing"


class InvalidParam(MatrixError):
    """A parameter has a value that is not allowed."""

    default_errcode = "M_INVALID_PARAM"
    default_message = "A parameter has an invalid value"


class InvalidSignature(MatrixError):
    """A key is not signed by the one who must have signed it."""

    default_errcode = "M_INVALID_SIGNATURE"
    default_message = "The signature is not good"


class WrongRoomKeysVersion(MatrixError):
    """The key backup has a newer version, `current_version`."""

    default_status = 403
    default_errcode = "M_WRONG_ROOM_KEYS_VERSION"
    default_message = "The key backup has a newer version"

    def __init__(self, current_version: str) -> None:
        super().__init__(current_version=current_version)


class InvalidUsername(MatrixError):
    """The user name breaks the grammar."""

    default_errcode = "M_INVALID_USERNAME"
    default_message = "This user name is not allowed"


class UserInUse(MatrixError):
    """The user name is taken."""

    default_errcode = "M_USER_IN_USE"
    default_message = "This user name is taken"


class Exclusive(MatrixError):
    """The name belongs to an application service."""

    default_errcode = "M_EXCLUSIVE"
    default_message = "This name is reserved by an application service"


class WeakPassword(MatrixError):
    """The password breaks the policy."""

    default_errcode = "M_WEAK_PASSWORD"
    default_message = "This password is too weak"


class MissingToken(MatrixError):
    """No access token was given."""

    default_status = 401
    default_errcode = "M_MISSING_TOKEN"
    default_message = "No access token was given"


class UnknownToken(MatrixError):
    """The access token is not known, or no longer. `soft_logout`: the device lives on, log in again with it."""

    default_status = 401
    default_errcode = "M_UNKNOWN_TOKEN"
    default_message = "This access token is not known"

    def __init__(self, message: str | None = None, *, soft_logout: bool = False) -> None:
        super().__init__(message, soft_logout=soft_logout)


class UserDeactivated(MatrixError):
    """The account was ended."""

    default_status = 403
    default_errcode = "M_USER_DEACTIVATED"
    default_message = "This account was deactivated"


class UserLocked(MatrixError):
    """The account is locked. Spec: Client-Server API, Account locking."""

    default_status = 401
    default_errcode = "M_USER_LOCKED"
    default_message = "This account is locked"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, soft_logout=True)


class UserSuspended(MatrixError):
    """The account may read but not act. Spec: Client-Server API, Account suspension."""

    default_status = 403
    default_errcode = "M_USER_SUSPENDED"
    default_message = "This account is suspended"


class LimitExceeded(MatrixError):
    """Too many requests; `retry_after_ms` goes into the body (old clients) and, in seconds, into `Retry-After`."""

    default_status = 429
    default_errcode = "M_LIMIT_EXCEEDED"
    default_message = "Too many requests"

    def __init__(self, message: str | None = None, *, retry_after_ms: int) -> None:
        retry_after_ms = max(1, retry_after_ms)
        super().__init__(
            message, headers={"Retry-After": str(-(-retry_after_ms // 1000))}, retry_after_ms=retry_after_ms
        )
        self.retry_after_ms = retry_after_ms


class ResourceLimitExceeded(MatrixError):
    """A limit that waiting does not lift: the admin must act."""

    default_status = 403
    default_errcode = "M_RESOURCE_LIMIT_EXCEEDED"
    default_message = "A limit of this server was reached"


class UserLimitExceeded(MatrixError):
    """A limit of this user that waiting does not lift."""

    default_status = 403
    default_errcode = "M_USER_LIMIT_EXCEEDED"
    default_message = "A limit of your account was reached"


class TooLarge(MatrixError):
    """The body, event or file is too large."""

    default_status = 413
    default_errcode = "M_TOO_LARGE"
    default_message = "The request is too large"


class RequestTimeout(MatrixError):
    """The body did not arrive in time."""

    default_status = 408
    default_message = "The request body did not arrive in time"


class RoomInUse(MatrixError):
    """The alias is taken."""

    default_errcode = "M_ROOM_IN_USE"
    default_message = "This room alias is taken"


class BadAlias(MatrixError):
    """An alias in the event does not point to this room."""

    default_errcode = "M_BAD_ALIAS"
    default_message = "An alias does not point to this room"


class UnknownPos(MatrixError):
    """The sync position is not known any more: start again without one."""

    default_errcode = "M_UNKNOWN_POS"
    default_message = "This position is not known any more"


class UnsupportedRoomVersion(MatrixError):
    """We cannot make a room of this version."""

    default_errcode = "M_UNSUPPORTED_ROOM_VERSION"
    default_message = "This room version is not supported"


class IncompatibleRoomVersion(MatrixError):
    """The other side did not offer the version of the room. Spec: Server-Server API, Joining rooms."""

    default_errcode = "M_INCOMPATIBLE_ROOM_VERSION"
    default_message = "The room has a version that you do not support"

    def __init__(self, message: str | None = None, *, room_version: str) -> None:
        super().__init__(message, room_version=room_version)


class InvalidRoomState(MatrixError):
    """The room would begin in a state that its own rules refuse."""

    default_errcode = "M_INVALID_ROOM_STATE"
    default_message = "The initial state is not allowed"


class DuplicateAnnotation(MatrixError):
    """The same reaction by the same user exists already."""

    default_errcode = "M_DUPLICATE_ANNOTATION"
    default_message = "You have reacted with this already"


class CannotLeaveServerNoticeRoom(MatrixError):
    """The notices room cannot be rejected or left."""

    default_status = 403
    default_errcode = "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM"
    default_message = "The server notices room cannot be left"


class UnableToAuthoriseJoin(MatrixError):
    """This server does not know whether the restriction is met; another one may."""

    default_errcode = "M_UNABLE_TO_AUTHORISE_JOIN"
    default_message = "This server cannot check the conditions of the restricted room"


class UnableToGrantJoin(MatrixError):
    """The restriction is met but nobody here may sign for it; another server may."""

    default_errcode = "M_UNABLE_TO_GRANT_JOIN"
    default_message = "Nobody on this server may let you into the restricted room"


class InviteBlocked(MatrixError):
    """The invited user wants no invites from here."""

    default_status = 403
    default_errcode = "M_INVITE_BLOCKED"
    default_message = "The user does not accept this invite"


class NotYetUploaded(MatrixError):
    """The media id was reserved but nothing was uploaded yet."""

    default_status = 504
    default_errcode = "M_NOT_YET_UPLOADED"
    default_message = "The file was not uploaded yet"


class CannotOverwriteMedia(MatrixError):
    """The media id holds a file already."""

    default_status = 409
    default_errcode = "M_CANNOT_OVERWRITE_MEDIA"
    default_message = "The file was uploaded already"


class ThreepidInUse(MatrixError):
    """The address or number belongs to an account."""

    default_errcode = "M_THREEPID_IN_USE"
    default_message = "This address is in use"


class ThreepidNotFound(MatrixError):
    """No account has the address or number."""

    default_errcode = "M_THREEPID_NOT_FOUND"
    default_message = "This address is not known"


class ThreepidDenied(MatrixError):
    """Policy refuses the address or number."""

    default_status = 403
    default_errcode = "M_THREEPID_DENIED"
    default_message = "This address is not allowed here"


class Unavailable(MatrixError):
    """A part of the server is away for the moment (the database, as a rule): come back soon."""

    default_status = 503
    default_message = "The server cannot answer at the moment"

    def __init__(self, message: str | None = None, *, retry_after_s: int = 2) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_s)})


class StorageFull(MatrixError):
    """The disk of the server is full: nothing was stored."""

    default_status = 507
    default_message = "The server's disk is full; nothing was stored"
