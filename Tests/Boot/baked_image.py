"""Copies of the image with something put into them, as whoever prepares an image does."""

import contextlib
import os
import shutil
import subprocess

BOUND, EARLY = "boot-test-bound.service", "boot-test-early.service"
TARGET_WANTS = "/etc/systemd/system/autoheal-data.target.wants"
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging", "examples")

# A service that takes no time; it notes how much CPU time the machine has used when it starts.
SERVICE = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'while read -r line; do echo "$$line"; done </sys/fs/cgroup/cpu.stat >/run/%n.cpu'
"""
# Found before the real ones; they note when an installation begins and ends.
NOTED = """\
#!/bin/sh
note() {{ read -r uptime rest </proc/uptime; echo "$1 $uptime" >>/run/boot-test-install; }}
case " $* " in *" {word} "*) ;; *) exec /usr/bin/{program} "$@" ;; esac
note begin
/usr/bin/{program} "$@"
status=$?
note end
exit $status
"""
INSTALLERS = {"apt-get": "install", "dpkg": "--install"}


def with_services(image, path):
    """An image with an application that needs the volume, and without the agent."""
    copy(image, path)
    with mounted(path) as root:
        add_services(root)
        for program, word in INSTALLERS.items():
            write(root, f"/usr/local/sbin/{program}", NOTED.format(program=program, word=word), 0o755)
    return path


def prepared(image, path, deb, configuration):
    """An image with the application, the agent and its configuration."""
    copy(image, path)
    with mounted(path) as root:
        add_services(root)
        shutil.copy(deb, os.path.join(root, "var/tmp/agent.deb"))
        run("chroot", root, "dpkg", "--install", "/var/tmp/agent.deb")
        os.remove(os.path.join(root, "var/tmp/agent.deb"))
        write(root, "/etc/autoheal-agent/config.toml", configuration)
    return path


def add_services(root):
    for service, example in ((BOUND, "bound-service.conf"), (EARLY, "early-bound-service.conf")):
        write(root, f"/etc/systemd/system/{service}", SERVICE)
        with open(os.path.join(EXAMPLES, example)) as text:
            write(root, f"/etc/systemd/system/{service}.d/autoheal.conf", text.read())
        os.makedirs(root + TARGET_WANTS, exist_ok=True)
        os.symlink(f"/etc/systemd/system/{service}", f"{root}{TARGET_WANTS}/{service}")


def copy(image, path):
    run("cp", "--sparse=always", "--reflink=auto", image.disk, path)


@contextlib.contextmanager
def mounted(path):
    """The file system of an image file; the loop device goes with the mount."""
    root = path + ".root"
    os.mkdir(root)
    run("mount", "-o", "loop", path, root)
    try:
        yield root
    finally:
        run("umount", root)
        os.rmdir(root)


def write(root, path, text, mode=0o644):
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    with open(root + path, "w") as file:
        file.write(text)
    os.chmod(root + path, mode)


def run(*command):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {result.returncode}: {result.stderr.strip()[-600:]}")
