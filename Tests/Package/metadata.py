"""A metadata service (IMDSv2) in the network of a machine, which tells the state that the group wants."""

import os
import subprocess
import sys

PORT = 1338
PATH = "/latest/meta-data/autoscaling/target-lifecycle-state"
SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Service(BaseHTTPRequestHandler):
    def answer(self, status, body=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):
        self.answer(200, "a-token")

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != "a-token":
            self.answer(401)
        elif self.path == sys.argv[2]:
            self.answer(200, open(sys.argv[3]).read())
        else:
            self.answer(404)

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    # A client that has gone is no error of the service.
    def handle_error(self, *_):
        pass

Server(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
"""


class MetadataService:
    ENDPOINT = f"http://127.0.0.1:{PORT}"

    def __init__(self, machine, directory):
        self.machine = machine
        self.file = os.path.join(directory, "target-lifecycle-state")

    def __enter__(self):
        self.tell("InService")
        command = [
            "nsenter",
            "--target",
            self.machine.leader,
            "--net",
            sys.executable,
            "-c",
            SERVER,
            str(PORT),
            PATH,
            self.file,
        ]
        self.process = subprocess.Popen(command)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def tell(self, state):
        with open(self.file + ".new", "w") as file:
            file.write(state)
        os.rename(self.file + ".new", self.file)
