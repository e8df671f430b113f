"""A root file system whose changes are thrown away, in which user data runs for real.

A mount namespace with an overlay over this machine's own files. apt and dpkg are the real ones; systemctl only notes
what it is asked.
"""

import http.server
import subprocess
import threading
from pathlib import Path

from generator import generate

CONFIGURATION = Path("etc/autoheal-agent/config.toml")


RESUMES = "system/autoheal-install.service"
# The package has told systemd of its units, and enabled them.
STARTED = ["is-enabled --quiet autoheal-agent.service", "start --no-block autoheal-agent.service"]
# Where it was there before, nobody has: of a drop-in that user data wrote, for example.
RELOADED = ["daemon-reload", *STARTED]
NO_OTHER_SOURCE = "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*"
SANDBOX = """
set -e
mount -t tmpfs none {base}
mkdir {base}/upper {base}/work {base}/root
mount -t overlay none -o lowerdir=/,upperdir={base}/upper,workdir={base}/work {base}/root
mount --bind /proc {base}/root/proc
mkdir -p {base}/root{shared} {base}/root/dev
mount -t tmpfs none {base}/root/dev
for each in null zero random urandom; do
    touch {base}/root/dev/$each
    mount --bind /dev/$each {base}/root/dev/$each
done
mount --bind {shared} {base}/root{shared}
rm -f {base}/root/bin/systemctl {base}/root/usr/bin/systemctl
printf '#!/bin/sh\\necho "$*" >> {shared}/systemctl\\n[ "$1" != show ] || echo no\\n' > {base}/root/usr/bin/systemctl
printf '#!/bin/sh\\n' > {base}/root{shared}/sleep
printf '#!/bin/sh\\n[ "$2" != changed ]\\n' > {base}/root/usr/bin/autoheal-agent
chmod 755 {base}/root/usr/bin/autoheal-agent {base}/root/usr/bin/systemctl {base}/root{shared}/sleep
cd {base}/root
for each in {scripts}; do
    chroot . env PATH={shared}:/usr/sbin:/usr/bin:/sbin:/bin sh "$each" || echo "exit $?"
done
touch dev/console
cp dev/console {shared}/console
rm -rf {shared}/etc
mkdir -p {shared}/etc
rm -rf {shared}/system
cp -rP etc/systemd/system {shared}/ 2>/dev/null || true
cp -r etc/autoheal-agent {shared}/etc/ 2>/dev/null || true
cp -r etc/apt/sources.list.d etc/apt/preferences.d etc/apt/keyrings {shared}/ 2>/dev/null || true
chroot . dpkg-query -W -f '${{Status}} ${{Version}}' autoheal-agent > {shared}/dpkg 2>/dev/null || true
"""


class Sandbox:
    def __init__(self, directory):
        self.shared = directory / "shared"
        self.base = directory / "base"
        self.shared.mkdir()
        self.base.mkdir()

    def run(self, *texts):
        paths = []
        for number, text in enumerate(texts):
            path = self.shared / f"script-{number}"
            path.write_text(text)
            paths.append(str(path))
        script = SANDBOX.format(base=self.base, shared=self.shared, scripts=" ".join(paths))
        self.done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=240
        )
        assert self.done.returncode == 0, self.done.stdout + self.done.stderr
        return self.done.stdout

    def read(self, name):
        path = self.shared / name
        return path.read_text() if path.exists() else ""


class Server:
    """Serves a file on loopback; the first requests may fail."""

    def __init__(self, path, failures=0, content=None):
        self.requests = 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests += 1
                if server.requests <= failures:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.end_headers()
                self.wfile.write(path.read_bytes() if content is None else content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/autoheal-agent.deb"


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def digest(path):
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


def built(directory, *fields, **files):
    """A package of the right name with these control fields; files go into its DEBIAN."""
    control = directory / "tree" / "DEBIAN"
    control.mkdir(parents=True)
    given = dict(field.split(": ", 1) for field in fields)
    defaults = {
        "Package": "autoheal-agent", "Version": "0.1.0-1", "Architecture": "all", "Maintainer": "x <x@example.com>",
        "Description": "x",
    }  # fmt: skip
    (control / "control").write_text("".join(f"{key}: {value}\n" for key, value in (defaults | given).items()))
    for name, text in files.items():
        (control / name).write_text(text)
        (control / name).chmod(0o755)
    path = directory / f"{given.get('Package', 'a')}.deb"
    subprocess.run(["dpkg-deb", "--build", directory / "tree", path], check=True, capture_output=True)
    return path


def from_url(package, server, *options):
    return generate(
        "userdata", "--package-url", server.url, "--package-sha256", digest(package), "--format", "shell", *options
    )  # fmt: skip
