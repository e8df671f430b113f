"""What happens to a call instead of its answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What happens to one call: an error instead of it, or an answer lost before or after it took effect."""

    code: str = ""
    status: int = 400
    lost: str = ""  # "before" or "after"

    def __str__(self):
        return self.code or f"lost {self.lost}"


THROTTLED = Fault("RequestLimitExceeded", 503)
RATE_EXCEEDED = Fault("Throttling", 400)
INTERNAL = Fault("InternalError", 500)
UNAUTHORIZED = Fault("UnauthorizedOperation", 403)
ACCESS_DENIED = Fault("AccessDenied", 403)
IN_USE = Fault("VolumeInUse")
INCORRECT_STATE = Fault("IncorrectState")
LOST_REQUEST = Fault(lost="before")
LOST_ANSWER = Fault(lost="after")


class Refused(Exception):
    """What a rule of the real service says no to."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.fault = Fault(code, status)
