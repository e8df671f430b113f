# What the functions of the stack have in common. A function is deployed as one file: there, all of this stands in place
# of the line that imports it.
import functools
import json
import os
import random
import re
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

LOOK_EVERY = 5  # seconds
LOOK_SELDOM = 30  # seconds at most, while requests are refused
# Seconds kept back for a pause, a call in flight (13 at worst), and for telling the outcome.
RESERVE = 100
# The next look is the retry. One of the SDK's own, a second later, would only draw on the same request bucket.
CALLS = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})
# A request bucket of the account is empty: many stacks heal at once.
THROTTLED = {"RequestLimitExceeded", "Throttling"}
KEPT_FOR = 60  # seconds
# Answers that another look will not change. They are believed only when they come again and again: a new instance,
# volume, role or permission is not known everywhere at once. Every other error is looked at until the time is up.
REFUSALS = {"AccessDenied", "AuthFailure", "UnauthorizedOperation", "ValidationError"}
# What the agent, and the script that installs it, write on the serial console as a line of its own. Where the text
# begins or ends within a line, none is seen.
OUTCOME = re.compile(
    r"(?<=\n)(autoheal-outcome/1 version=\S+ instance=(\S+) boot=(\S{36}) volumes=(\S+) outcome=(\S+)"
    r" exit=\d+ reason=\S+) crc=([0-9a-f]{8})(?=[\r\n])"
)
# What they write there for a person. It proves nothing, and is only quoted.
NEWS = re.compile(r"autoheal-(?:install|agent\[\d+\]): [ -~]{,300}")
# What the kernel says first. Of what was said before the machine boots again, nothing need be true any more.
KERNEL_BEGINS = re.compile(r"(?<=\n)\[ +0\.000000\] ")


# Nothing more can come of this event.
class GiveUp(Exception): ...


@functools.cache
def client(service):
    return boto3.client(service, config=CALLS)


def wanted_volumes():
    """Device by volume id."""
    pairs = [pair.strip().partition("=") for pair in os.environ["VOLUMES"].split(",")]
    volumes = {volume: device for device, _, volume in pairs if device and volume}
    if len(volumes) != len(pairs) or len(set(volumes.values())) != len(pairs):
        raise ValueError(f"VOLUMES is not a list of device=volume-id, each once: {os.environ['VOLUMES']!r}")
    return volumes


def newest_outcome(console, instance):
    """The last line of the newest boot of this instance about all the volumes, and its outcome; or None twice."""
    began = max((line.end() for line in KERNEL_BEGINS.finditer(console)), default=0)
    lines = [line for line in OUTCOME.finditer(console, began) if line[2] == instance]
    lines = [line for line in lines if f"{zlib.crc32(line[1].encode()):08x}" == line[6]]
    for line in reversed(lines):
        if line[3] == lines[-1][3] and wanted_volumes().keys() <= set(line[4].split(",")):
            return line[0], line[5]
    return None, None


class Work:
    """What one event asks for."""

    pause = LOOK_EVERY  # seconds until the next look

    refusals = REFUSALS
    reserve = RESERVE

    def __init__(self, context, sleep, about):
        self.context = context
        self.sleep = sleep
        self.about = about
        self.awaited = {}
        self.heard = set()  # all outcomes that the console still shows
        self.news = None  # what it says last for a person
        self.kept = {}  # answers, and the time that remained when they came
        self.slowed = 0.0  # seconds that the next pause lasts at least, since requests are refused

    def verdict(self, refused):
        """The error that ends the work after refusals with these codes in a row, or nothing."""
        raise NotImplementedError

    def time_is_up(self):
        return "the time is up"

    def converge(self, look):
        """Looks, and does what is missing, until a look finds nothing missing."""
        refused: list[str] = []
        while True:
            code = ""
            try:
                awaited = look()
                if not awaited:
                    return
            except ClientError as error:
                code = error.response["Error"]["Code"]
                awaited = {"awaited": "an answer without an error", "error": str(error)}
                refused = [*refused, code] if code in self.refusals else []
                if verdict := refused and self.verdict(refused):
                    raise verdict(str(error)) from error
            except (BotoCoreError, ResponseParserError) as error:
                code = "lost"
                awaited = {"awaited": "an answer without an error", "error": str(error)}
            if not code:
                refused = []
            elif code not in THROTTLED:
                self.kept.clear()
            if awaited != self.awaited:
                self.log("Waiting.", awaited, "warning" if "error" in awaited else "info")
            self.awaited = awaited
            self.rest(code in THROTTLED)

    def rest(self, throttled=False):
        """Pauses before the next look: twice as long each time that requests were refused, and half as long again after
        an answer. By chance a little less, so that those who were refused together do not come back together."""
        self.slowed = min(max(2 * self.slowed, LOOK_EVERY), LOOK_SELDOM) if throttled else self.slowed / 2
        # One that was refused comes back soon, however seldom it would look otherwise.
        pause = self.slowed if throttled else max(self.slowed, self.pause)
        self.sleep(pause * random.uniform(0.75, 1) if self.slowed > 1 else pause)

    def known(self, what, ask, *arguments):
        """The answer to a question; for a minute the one that there is, if no look has found it wanting."""
        if what not in self.kept or self.kept[what][1] - self.remaining() > KEPT_FOR:
            self.kept[what] = ask(*arguments), self.remaining()
        return self.kept[what][0]

    def describe_volumes(self, ids):
        """By ids, since one that is gone is an error, and by a filter, since EC2 then allows twice as many requests."""
        filters = [{"Name": "volume-id", "Values": ids}]
        return self.call("ec2", "describe_volumes", VolumeIds=ids, Filters=filters)["Volumes"]

    def read_console(self, instance):
        """The outcome on the serial console as it is now, which only Nitro types show."""
        text = self.call("ec2", "get_console_output", InstanceId=instance, Latest=True).get("Output", "")
        self.news = [self.news, *NEWS.findall(text)][-1]
        self.heard = {line[5] for line in OUTCOME.finditer(text) if line[2] == instance}
        return newest_outcome(text, instance)

    def glance(self, instance):
        """The same, where it is no reason to wait that it cannot be read."""
        try:
            return self.read_console(instance)
        except Exception as error:
            self.log("The console could not be read.", {"error": str(error)}, "warning")
            return None, "unread"

    def check_time(self):
        if self.remaining() < self.reserve:
            raise GiveUp(self.time_is_up())

    def call(self, service, operation, **parameters):
        self.check_time()
        return getattr(client(service), operation)(**parameters)

    def remaining(self):
        return self.context.get_remaining_time_in_millis() / 1000

    def log(self, message, data=None, level="info"):
        invocation = getattr(self.context, "aws_request_id", None)
        line = {"level": level, "message": message, **self.about, "faas.invocation_id": invocation}
        print(json.dumps({**line, **(data or {})}, default=str), flush=True)
