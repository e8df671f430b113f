"""The custom resource of one stack, and CloudFormation as a server on loopback that takes the answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from moto.core import DEFAULT_ACCOUNT_ID

from clock import Context

STACK = f"arn:aws:cloudformation:eu-west-1:{DEFAULT_ACCOUNT_ID}:stack/autoheal/00000000-0000-0000-0000-000000000000"


class CloudFormation(HTTPServer):
    """Takes the answers; refuses those that the signed URL would not fit, and as many as it is told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers: list[bytes] = []
        self.refusals = 0
        self.url = f"http://127.0.0.1:{self.server_port}/answer?X-Amz-Signature=00"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    server: CloudFormation

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refusals or self.headers["Content-Type"] != "":
            self.server.refusals -= 1
            self.send_error(403 if self.headers["Content-Type"] != "" else 503)
            return
        self.server.answers.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class ScaleUp:
    """The custom resource ScaleupAutohealAction of one stack."""

    def __init__(self, cloud, module, cloudformation, monkeypatch):
        self.cloud, self.module, self.cloudformation = cloud, module, cloudformation
        self.group = cloud.group()
        self.timeout = 900
        self.volumes = [cloud.volume()]
        monkeypatch.setenv("VOLUMES", f"/dev/sdf={self.volumes[0]}")
        monkeypatch.setenv("LAUNCH_UNTIL", "data")
        self.lines: list[dict] = []
        module.client.cache_clear()
        monkeypatch.setattr(module, "print", lambda line, **_: self.lines.append(json.loads(line)), raising=False)

    def event(self, kind, **changes):
        event = {
            "RequestType": kind,
            "ResponseURL": self.cloudformation.url,
            "StackId": STACK,
            "RequestId": "request",
            "ResourceType": "Custom::AutohealScaleup",
            "LogicalResourceId": "ScaleupAutohealAction",
            "ResourceProperties": {"ServiceToken": "arn", "GroupName": self.group},
        }
        if kind != "Create":
            event["PhysicalResourceId"] = "the-id-of-before"
        if kind == "Update":
            event["OldResourceProperties"] = {"ServiceToken": "old", "GroupName": self.group}
        event.update(changes)
        return {key: value for key, value in event.items() if value is not None}

    def __call__(self, kind, **changes):
        event = self.event(kind, **changes)
        context = Context(self.cloud.clock, self.timeout)
        before = len(self.cloudformation.answers)
        try:
            self.module.handler(event, context, sleep=self.cloud.clock.sleep)
        finally:
            assert context.get_remaining_time_in_millis() > 0, "the function outlived its time"
        (body,) = self.cloudformation.answers[before:]
        assert len(body) <= 4096
        answer = json.loads(body)
        for key in ("StackId", "RequestId", "LogicalResourceId"):
            assert answer[key] == event.get(key, "")
        return answer

    def update(self, version, former, apply="true"):
        """An update of the stack that changes, or not, what instances are launched from."""
        properties = {"GroupName": self.group, "ApplyUpdates": apply}
        return self(
            "Update",
            ResourceProperties={**properties, "Version": version},
            OldResourceProperties={**properties, "Version": former},
        )

    def desired(self, group=None):
        return self.cloud.groups[group or self.group].desired_capacity

    def instances(self):
        return [each.instance.id for each in self.cloud.groups[self.group].instance_states]
