"""QEMU's monitor and the guest agent: JSON lines over a socket."""

import base64
import json
import os
import socket
import time


class ProtocolError(Exception):
    """The peer answered with an error, with something else, or not in time."""


class JSONLines:
    """One request, one answer; what else arrives is dropped."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.buffer = b""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.socket.connect(path)
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ProtocolError(f"{os.path.basename(path)}: {error}") from error
                time.sleep(0.05)

    def send(self, message):
        try:
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise ProtocolError(str(error)) from error

    def receive(self, deadline):
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ProtocolError("no answer in time")
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError as error:
                raise ProtocolError("no answer in time") from error
            except OSError as error:
                raise ProtocolError(str(error)) from error
            if not data:
                raise ProtocolError("the connection was closed")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        # 0xFF precedes the answer to guest-sync-delimited.
        try:
            return json.loads(line.rpartition(b"\xff")[2])
        except ValueError:
            return {}

    def request(self, command, arguments=None, timeout=60):
        message = {"execute": command}
        if arguments is not None:
            message["arguments"] = arguments
        self.send(message)
        deadline = time.monotonic() + timeout
        while True:
            answer = self.receive(deadline)
            if "error" in answer:
                raise ProtocolError(f"{command}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

    def close(self):
        self.socket.close()


class Monitor(JSONLines):
    """The QEMU Machine Protocol."""

    def __init__(self, path, timeout=30):
        super().__init__(path, timeout)
        self.receive(time.monotonic() + timeout)
        self.request("qmp_capabilities")


class GuestAgent(JSONLines):
    """qemu-guest-agent: the test's window into a guest, which an instance of EC2 does not have."""

    def __init__(self, path, timeout=30):
        super().__init__(path, timeout)
        self.token = 0

    def synchronise(self, timeout):
        """Waits until the agent in the guest answers, also after the guest was started anew."""
        deadline = time.monotonic() + timeout
        while True:
            self.token += 1
            try:
                self.send({"execute": "guest-sync-delimited", "arguments": {"id": self.token}})
                until = min(deadline, time.monotonic() + 5)
                while self.receive(until).get("return") != self.token:
                    pass
                return
            except ProtocolError as error:
                if time.monotonic() > deadline or "closed" in str(error):
                    raise ProtocolError(f"The guest agent did not answer: {error}") from error

    def run(self, command, stdin=None, timeout=300):
        """Runs a command in the guest.

        Returns its exit code, standard output and standard error.
        """
        arguments = {"path": command[0], "arg": command[1:], "capture-output": True}
        if stdin is not None:
            arguments["input-data"] = base64.b64encode(stdin.encode()).decode()
        pid = self.request("guest-exec", arguments)["pid"]
        deadline = time.monotonic() + timeout
        pause = 0.1
        while True:
            status = self.request("guest-exec-status", {"pid": pid})
            if status["exited"]:
                out, err = (
                    base64.b64decode(status.get(key, "")).decode(errors="replace") for key in ("out-data", "err-data")
                )
                return status.get("exitcode", -status.get("signal", 1)), out, err
            if time.monotonic() > deadline:
                raise ProtocolError(f"{command[0]} did not end in the guest within {timeout} s")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
