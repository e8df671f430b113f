"""What the instance is told at launch."""

import hashlib
import json


def configuration(volumes):
    """The agent's configuration file: one table per volume, each a dictionary with the names of the flags."""
    tables = []
    for volume in volumes:
        lines = ["[[volume]]"] + [f"{key} = {json.dumps(value)}" for key, value in volume.items()]
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


def cloud_config(volumes, package_url, package, files=()):
    """User data that installs the package, configures it and starts it without waiting for the volume.

    `files` are further (path, content) pairs, written before the package is there.
    """
    checksum = hashlib.sha256(package).hexdigest()
    file = "/var/tmp/" + package_url.rpartition("/")[2]
    script = "\n".join([
        "set -eu",
        f"curl --silent --show-error --fail --retry 10 --retry-connrefused --output {file} {package_url}",
        f"echo '{checksum}  {file}' | sha256sum --check --status",
        f"DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet {file}",
        "systemctl start --no-block autoheal-agent.service",
    ])
    written = [("/etc/autoheal-agent/config.toml", configuration(volumes)), *files]
    # JSON is YAML, and needs no quoting rules of its own.
    return "#cloud-config\n" + json.dumps({
        "write_files": [{"path": path, "content": content} for path, content in written],
        "runcmd": [["sh", "-c", script]],
    }, indent=1)
