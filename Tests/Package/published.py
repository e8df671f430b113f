"""The apt of this Debian installs what script/publish has published, from a web server on loopback, or refuses it.

Debian 12 verifies signatures with gpgv, Debian 13 with sqv.
"""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import tempfile
import threading

from trees import ROOT, output

SOURCE = "/etc/apt/sources.list.d/autoheal-agent.sources"
KEYRING = "/etc/apt/keyrings/autoheal-agent.asc"
# This source by itself, as user data asks it.
ALONE = ("-o", f"Dir::Etc::sourcelist={SOURCE}", "-o", "Dir::Etc::sourceparts=/dev/null")


def story(stage):
    check, tree = stage.report.check, stage.tree
    older, newer = (version_of(tree.file(deb)) for deb in (stage.deb, stage.newer))
    with contextlib.ExitStack() as stack:
        # The socket of gpg bears no long path.
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="gpg", ignore_cleanup_errors=True))
        stack.callback(subprocess.run, ["gpgconf", "--homedir", home, "--kill", "gpg-agent"], capture_output=True)
        www = stack.enter_context(tempfile.TemporaryDirectory(prefix="published-"))
        gpg = ("gpg", "--homedir", home, "--batch", "--passphrase", "", "--pinentry-mode", "loopback")
        for name in ("ours", "other"):
            output(*gpg, "--quick-generate-key", f"{name}@example.com", "ed25519", "sign", "never")
        for deb in (stage.deb, stage.newer):
            publish = (os.path.join(ROOT, "script", "publish"), www, "--deb", tree.file(deb), "--key", "ours")
            output(*publish, env=os.environ | {"GNUPGHOME": home})
        url = stack.enter_context(served(www))

        tree.write(SOURCE, f"Types: deb\nURIs: {url}\nSuites: stable\nComponents: main\nSigned-By: {KEYRING}\n")
        shutil.copy(os.path.join(www, "autoheal.asc"), keyring(tree))
        update = ("apt-get", "update", "--quiet", "-o", "APT::Update::Error-Mode=any", *ALONE)
        install = ("apt-get", "install", "--yes", "--quiet", "--allow-downgrades", *ALONE)
        installed = lambda: tree.run("dpkg-query", "-W", "-f", "${Status} ${Version}", "autoheal-agent")
        for version in (newer, older):
            done = [tree.attempt(*update), tree.attempt(*install, f"autoheal-agent={version}")]
            check(f"apt installs {version}", installed() == f"install ok installed {version}", done)

        release = os.path.join(www, "dists", "stable", "InRelease")
        with open(release, "rb") as file:
            signed = file.read()
        with open(release, "wb") as file:
            file.write(signed.replace(b"Label: autoheal-agent", b"Label: autoheal-agenT"))
        check("apt refuses an index that was changed", tree.attempt(*update).returncode != 0)
        with open(release, "wb") as file:
            file.write(signed)
        check("and takes it as it was signed", tree.attempt(*update).returncode == 0)
        with open(keyring(tree), "w") as file:
            file.write(output(*gpg, "--armor", "--export", "other"))
        check("apt refuses an index that was signed by another key", tree.attempt(*update).returncode != 0)
    for path in (SOURCE, KEYRING):
        os.remove(tree.file(path))


def keyring(tree) -> str:
    os.makedirs(os.path.dirname(tree.file(KEYRING)), exist_ok=True)
    return tree.file(KEYRING)


def version_of(deb: str) -> str:
    return output("dpkg-deb", "--field", deb, "Version").strip()


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(directory):
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietFiles, directory=directory)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
