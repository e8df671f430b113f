"""The instance metadata service, version 2 only, and the place that the package is fetched from."""

import http.server
import json
import pathlib
import posixpath
import secrets
import socketserver
import threading
import time
import urllib.parse

import network

REGION = "eu-central-1"
ZONE = REGION + "a"
ACCOUNT = "123456789012"
INSTANCE_TYPE = "t3.micro"
IMAGE_ID = "ami-0123456789abcdef0"
GROUP = "autoheal-boot-test"


class Instance:
    """What the service says about one instance."""

    def __init__(self, instance_id, user_data):
        self.id = instance_id
        self.user_data = user_data
        # Of its group: "Terminated" when it has begun to end the instance.
        self.lifecycle_state = "InService"

    @property
    def identity_document(self):
        return json.dumps(
            {
                "accountId": ACCOUNT,
                "architecture": "x86_64",
                "availabilityZone": ZONE,
                "billingProducts": None,
                "devpayProductCodes": None,
                "imageId": IMAGE_ID,
                "instanceId": self.id,
                "instanceType": INSTANCE_TYPE,
                "kernelId": None,
                "marketplaceProductCodes": None,
                "pendingTime": "2024-01-01T00:00:00Z",
                "privateIp": network.GUEST,
                "ramdiskId": None,
                "region": REGION,
                "version": "2017-09-30",
            },
            indent=2,
        )

    @property
    def tree(self):
        name = "ip-10-0-0-10." + REGION + ".compute.internal"
        interface = {
            "device-number": "0",
            "interface-id": "eni-0123456789abcdef0",
            "local-hostname": name,
            "local-ipv4s": network.GUEST,
            "mac": network.MAC,
            "owner-id": ACCOUNT,
            "subnet-id": "subnet-0123456789abcdef0",
            "subnet-ipv4-cidr-block": "10.0.0.0/24",
            "vpc-id": "vpc-0123456789abcdef0",
            "vpc-ipv4-cidr-block": "10.0.0.0/16",
        }
        return {
            "meta-data": {
                "autoscaling": {"target-lifecycle-state": self.lifecycle_state},
                "ami-id": IMAGE_ID,
                "ami-launch-index": "0",
                "ami-manifest-path": "(unknown)",
                "hostname": name,
                # Only what was there at launch: never a volume that was attached later.
                "block-device-mapping": {"ami": "/dev/xvda", "root": "/dev/xvda"},
                "instance-action": "none",
                "instance-id": self.id,
                "instance-life-cycle": "on-demand",
                "instance-type": INSTANCE_TYPE,
                "local-hostname": name,
                "local-ipv4": network.GUEST,
                "mac": network.MAC,
                "network": {"interfaces": {"macs": {network.MAC: interface}}},
                "placement": {"availability-zone": ZONE, "region": REGION},
                "profile": "default-hvm",
                "reservation-id": "r-0123456789abcdef0",
                "security-groups": "default",
                "services": {"domain": "amazonaws.com", "partition": "aws"},
                "tags": {"instance": {"Name": "boot-test", "aws:autoscaling:groupName": GROUP}},
            },
            "dynamic": {"instance-identity": {"document": self.identity_document}},
            "user-data": self.user_data,
        }


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def note(self, line):
        """Of a request that was answered; a server that has a log writes it there."""

    def start(self):
        threading.Thread(target=self.serve_forever, name="http", daemon=True).start()
        return self


class Handler(http.server.BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self, status, body=b"", content_type="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *arguments):
        self.server.note(form % arguments)


class MetadataHandler(Handler):
    server: "MetadataServer"

    def do_PUT(self):
        self.server.delay_if_silent(self)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        if self.path != "/latest/api/token" or not seconds:
            self.answer(400)
            return
        token = secrets.token_urlsafe(32)
        self.server.tokens.add(token)
        self.send_response(200)
        self.send_header("X-aws-ec2-metadata-token-ttl-seconds", seconds)
        self.send_header("Content-Length", str(len(token)))
        self.end_headers()
        self.wfile.write(token.encode())

    def do_GET(self):
        self.server.delay_if_silent(self)
        if self.headers.get("X-aws-ec2-metadata-token") not in self.server.tokens:
            self.answer(401)
            return
        # The first part is the version: all versions are the same here.
        parts = [part for part in self.path.split("?")[0].split("/") if part][1:]
        node = self.server.instance.tree
        for part in parts:
            node = node.get(part) if isinstance(node, dict) else None
        if node is None:
            self.answer(404)
            return
        if isinstance(node, dict):
            node = "\n".join(name + ("/" if isinstance(value, dict) else "") for name, value in node.items())
        self.answer(200, node.encode())


class MetadataServer(Server):
    def __init__(self):
        super().__init__((network.METADATA, 80), MetadataHandler)
        self.forget()

    def forget(self, instance=None, log=None):
        """Serves another instance: nobody has a token any more."""
        self.instance = instance or Instance("i-00000000000000000", "")
        self.tokens = set()
        self.log = log
        self.start_time = time.monotonic()
        self.speaks = threading.Event()
        self.speaks.set()
        self.unanswered = 0

    def fall_silent(self):
        """From now on connections are accepted and never answered: the worst way to be down."""
        self.speaks.clear()

    def delay_if_silent(self, handler):
        if not self.speaks.is_set():
            self.unanswered += 1
            handler.log_message("%s", "not answered: " + handler.requestline)
            self.speaks.wait()

    def note(self, line):
        if self.log:
            print(f"{time.monotonic() - self.start_time:8.2f} {line}", file=self.log, flush=True)


class PackageHandler(Handler):
    server: "PackageServer"

    def do_GET(self):
        # apt asks for /./Packages.
        content = self.server.files.get(posixpath.normpath(urllib.parse.unquote(self.path)))
        if content is None:
            self.answer(404)
            return
        if isinstance(content, pathlib.Path):
            content = content.read_bytes()
        self.answer(200, content, "application/octet-stream")
        self.server.on_download(self.path)


class PackageServer(Server):
    """Stands for the bucket or the release page that a package comes from."""

    def __init__(self):
        super().__init__((network.ROUTER, network.PACKAGE_PORT), PackageHandler)
        self.files: dict[str, bytes | pathlib.Path] = {}
        self.on_download = lambda path: None

    def serve(self, name, content):
        self.files["/" + name] = content
        return self.url(name)

    def serve_directory(self, name, directory):
        """What is in it now; nothing of it is read before it is asked for."""
        top = pathlib.Path(directory)
        self.files |= {f"/{name}/{file.relative_to(top)}": file for file in top.rglob("*") if file.is_file()}
        return self.url(name)

    @staticmethod
    def url(name):
        return f"http://{network.ROUTER}:{network.PACKAGE_PORT}/{name}"
