"""What the instance is told at launch: what autoheal-generate writes."""

import hashlib
import json
import os
import subprocess
import tempfile


def by_address(url, package):
    """The generator's flags for a package at an address."""
    return ["--package-url", url, "--package-sha256", hashlib.sha256(package).hexdigest()]


def generated(generator, volumes, source, files=(), flags=()):
    """User data that installs the package, configures it and starts it without waiting for the volume.

    `volumes` are dictionaries with the names of the flags; what they leave out is the generator's or the agent's
    default. The path of a configuration file may stand for them. `files` are further (path, content) pairs, written
    before the package is there, `source` and `flags` flags of the generator.
    """
    command = [generator, "userdata", *source, *flags]
    with tempfile.TemporaryDirectory() as directory:
        path = lambda name: os.path.join(directory, name)
        if isinstance(volumes, str):
            command += ["--config", volumes]
        elif len(volumes) == 1:
            command += [word for key, value in volumes[0].items() for word in ("--" + key, str(value))]
        else:
            with open(path("config.toml"), "w") as file:
                file.write(configuration(volumes))
            command += ["--config", file.name]
        if files:
            with open(path("files.yaml"), "w") as file:
                # JSON is YAML, and needs no quoting rules of its own.
                written = [{"path": name, "content": content} for name, content in files]
                file.write("#cloud-config\n" + json.dumps({"write_files": written}))
            command += ["--format", "mime", "--append", file.name]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def configuration(volumes):
    """The agent's configuration file: one table for each volume."""
    tables = []
    for volume in volumes:
        lines = ["[[volume]]"] + [f"{key} = {json.dumps(value)}" for key, value in volume.items()]
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)
