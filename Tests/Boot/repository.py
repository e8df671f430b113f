"""The package as script/publish publishes it, in a signed apt repository, and how an instance is told of it."""

import os
import subprocess
import tempfile

import packages

KEY = "boot-test@example.com"


def published(directory: str, package: bytes, serve) -> list[str]:
    """The generator's flags for a repository that `serve` has put on the network."""
    deb = os.path.join(directory, "autoheal-agent.deb")
    with open(deb, "wb") as file:
        file.write(package)
    place = os.path.join(directory, "published")
    # The socket of gpg bears no long path.
    with tempfile.TemporaryDirectory(prefix="gpg", ignore_cleanup_errors=True) as home:
        environment = os.environ | {"GNUPGHOME": home}
        run = lambda *command: subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        unattended = ("--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback")
        run("gpg", *unattended, "--quick-generate-key", KEY, "ed25519", "sign", "never")
        run(os.path.join(packages.ROOT, "script", "publish"), place, "--deb", deb, "--key", KEY)
        run("gpgconf", "--kill", "gpg-agent")
    version = run("dpkg-deb", "--field", deb, "Version").stdout.decode().strip()
    source = f"{serve('published', place)} stable main"
    key = os.path.join(place, "autoheal.asc")
    return ["--apt-source", source, "--apt-key", key, "--package-version", version]
