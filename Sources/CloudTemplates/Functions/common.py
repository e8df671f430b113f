# What the functions of the stack have in common. A function is deployed as one file: there, all of this stands in place
# of the line that imports it.
import functools
import json

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

LOOK_EVERY = 5  # seconds
# Seconds kept back for a call in flight (45 at worst, with its retries) and for telling the outcome.
RESERVE = 100
CALLS = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
# Answers that another look will not change. They are believed only when they come again and again: a new instance,
# volume, role or permission is not known everywhere at once. Every other error is looked at until the time is up.
REFUSALS = {"AccessDenied", "AuthFailure", "UnauthorizedOperation", "ValidationError"}


# Nothing more can come of this event.
class GiveUp(Exception): ...


@functools.cache
def client(service):
    return boto3.client(service, config=CALLS)


class Work:
    """What one event asks for."""

    refusals = REFUSALS

    def __init__(self, context, sleep, about):
        self.context = context
        self.sleep = sleep
        self.about = about
        self.awaited = {}

    def verdict(self, refused):
        """The error that ends the work after refusals with these codes in a row, or nothing."""
        raise NotImplementedError

    def time_is_up(self):
        return "the time is up"

    def converge(self, look):
        """Looks, and does what is missing, until a look finds nothing missing."""
        refused: list[str] = []
        while True:
            try:
                awaited = look()
                if not awaited:
                    return
                refused = []
            except ClientError as error:
                code = error.response["Error"]["Code"]
                refused = [*refused, code] if code in self.refusals else []
                if verdict := refused and self.verdict(refused):
                    raise verdict(str(error)) from error
                awaited = {"awaited": "an answer without an error", "error": str(error)}
            except (BotoCoreError, ResponseParserError) as error:
                awaited = {"awaited": "an answer without an error", "error": str(error)}
            if awaited != self.awaited:
                self.log("Waiting.", awaited, "warning" if "error" in awaited else "info")
            self.awaited = awaited
            self.sleep(LOOK_EVERY)

    def call(self, service, operation, **parameters):
        if self.remaining() < RESERVE:
            raise GiveUp(self.time_is_up())
        return getattr(client(service), operation)(**parameters)

    def remaining(self):
        return self.context.get_remaining_time_in_millis() / 1000

    def log(self, message, data=None, level="info"):
        invocation = getattr(self.context, "aws_request_id", None)
        line = {"level": level, "message": message, **self.about, "faas.invocation_id": invocation}
        print(json.dumps({**line, **(data or {})}, default=str), flush=True)
