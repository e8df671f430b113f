"""User data that runs for real: how it installs the package, from an address or from an apt source."""

import tomllib

import pytest

from generator import generate, impatient
from sandbox import CONFIGURATION, NO_OTHER_SOURCE, RELOADED, RESUMES, STARTED, Server, built, digest, from_url


def test_run_installs_the_package_once_the_address_is_there_and_again_changes_nothing(sandbox, package):
    server = Server(package, failures=4)
    text = generate(
        "userdata", "--package-url", server.url, "--package-sha256", digest(package), "--format", "shell",
        "--volume-id", "vol-0123456789abcdef0",
    )  # fmt: skip
    said = sandbox.run(text, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert "exit" not in said.replace("exit code", "")
    assert server.requests == 5, "the second run downloaded again"
    assert "try 1: cannot download" in said and "503" in said
    assert sandbox.read("systemctl").splitlines() == STARTED + RELOADED
    (volume,) = tomllib.loads(sandbox.read(CONFIGURATION))["volume"]
    assert volume["volume-id"] == "vol-0123456789abcdef0"
    assert "FAILED" not in sandbox.read("console")


# As unattended-upgrades on a first boot: it has dpkg's lock when the script begins, and for some seconds more.
BUSY = """
printf '#!/bin/sh\\necho "$*" >> {shared}/calls\\nexec /usr/bin/apt-get "$@"\\n' > {shared}/apt-get
chmod 755 {shared}/apt-get
python3 - <<'END' &
import fcntl, os, pathlib, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
pathlib.Path("{shared}/held").touch()
while not os.path.exists("{shared}/calls"):
    pass
time.sleep(4)
END
until [ -e {shared}/held ]; do :; done
"""


def test_run_waits_for_another_program_that_installs(sandbox, package):
    text = generate(
        "userdata", "--package-url", Server(package).url, "--package-sha256", digest(package), "--format", "shell"
    )  # fmt: skip
    said = sandbox.run(BUSY.format(shared=sandbox.shared), text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert len(sandbox.read("calls").splitlines()) == 1, "it was tried again, not waited for: " + said


def test_run_installs_nothing_that_has_another_digest_and_says_so_on_the_console(sandbox, package):
    server = Server(package, content=b"something else")
    text = generate(
        "userdata", "--package-url", server.url, "--package-sha256", digest(package), "--format", "shell"
    )  # fmt: skip
    said = sandbox.run("touch /dev/console", text, "echo the boot goes on")
    assert sandbox.read("dpkg") == "" and not sandbox.read("systemctl")
    assert "exit 1" in said and "the boot goes on" in said
    assert "FAILED" in sandbox.read("console") and "nothing was installed" in sandbox.read("console")


def test_run_gives_a_download_up_in_the_end_and_says_so_on_the_console(sandbox):
    text = generate(
        "userdata", "--package-url", "http://127.0.0.1:9/a.deb", "--package-sha256", "0" * 64, "--format", "shell"
    )  # fmt: skip
    said = sandbox.run("touch /dev/console", impatient(text), "echo the boot goes on")
    assert "gave up after" in sandbox.read("console") and "exit 1" in said and "the boot goes on" in said


def test_run_fails_at_once_and_for_good_without_curl_and_wget(sandbox, package):
    server = Server(package)
    said = sandbox.run("touch /dev/console; rm -f /usr/bin/curl /usr/bin/wget", from_url(package, server))
    assert "exit 1" in said and "neither curl nor wget" in sandbox.read("console")
    assert not sandbox.read(RESUMES) and server.requests == 0


def test_run_installs_the_pinned_version_from_a_signed_apt_source(sandbox, repository):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.1.0-1")
    text = generate("userdata", *options, "--format", "shell")
    said = sandbox.run(NO_OTHER_SOURCE, text, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert "Pin: version 0.1.0-1" in sandbox.read("preferences.d/autoheal-agent")
    assert sandbox.read("systemctl").splitlines() == STARTED + RELOADED


def test_run_installs_nothing_from_an_apt_source_with_another_key(sandbox, repository, apt):
    options = ("--apt-source", repository[0], *apt[2:])
    text = impatient(generate("userdata", *options, "--format", "shell"))
    said = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", text)
    assert sandbox.read("dpkg") == "" and "exit 1" in said
    assert "cannot install autoheal-agent 0.1.0-1 from http://127.0.0.1" in sandbox.read("console")


def test_run_takes_the_pinned_version_where_the_image_has_a_newer_one(sandbox, package, tmp_path):
    newer = built(tmp_path, "Version: 0.3.0-1")
    newer.rename(sandbox.shared / "newer.deb")
    said = sandbox.run(f"dpkg --install {sandbox.shared}/newer.deb", from_url(package, Server(package)))
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said


def test_run_quotes_the_cause_that_dpkg_names_below_its_error(sandbox, tmp_path):
    package = built(tmp_path, preinst="#!/bin/sh\necho 'no room for it' >&2; exit 28\n")
    text = impatient(from_url(package, Server(package)))
    sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", text)
    console = sandbox.read("console")
    assert "dpkg: error processing" in console or "E: " in console, console
    assert "exit status 28" in console, console


def test_run_fails_at_once_and_for_good_with_a_package_for_another_machine(sandbox, tmp_path):
    package = built(tmp_path, "Architecture: s390x")
    server = Server(package)
    said = sandbox.run("touch /dev/console", from_url(package, server))
    assert "exit 1" in said and "is for s390x, and this machine is" in sandbox.read("console")
    assert not sandbox.read(RESUMES) and server.requests == 1


def test_run_quotes_apt_on_the_console_and_the_next_boot_tries_again(sandbox, tmp_path):
    package = built(tmp_path, "Depends: no-such-library (>= 7)")
    server = Server(package)
    text = impatient(from_url(package, server))
    said = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", text)
    console = sandbox.read("console")
    assert "exit 1" in said and "Depends: no-such-library" in console, console
    assert "the next boot tries again" in console and sandbox.read(RESUMES)
    assert "install" not in sandbox.read("dpkg").split(), "it is left half installed"


BROKEN_SOURCES = """
printf 'Types: deb\nURIs: http://127.0.0.1:9\nSuites: x\nComponents: y\n' >/etc/apt/sources.list.d/gone.sources
"""


UNREADABLE_SOURCES = BROKEN_SOURCES + "echo 'this is no source' >/etc/apt/sources.list.d/broken.list"


@pytest.mark.parametrize("broken", [BROKEN_SOURCES, UNREADABLE_SOURCES], ids=["gone", "unreadable"])
def test_run_installs_whatever_is_wrong_with_the_other_sources(sandbox, package, repository, broken):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.1.0-1")
    text = impatient(generate("userdata", *options, "--format", "shell"))
    said = sandbox.run(NO_OTHER_SOURCE, broken, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    sandbox.run("rm -rf /var/lib/dpkg/info/autoheal-agent*", broken, from_url(package, Server(package)))
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1"


def test_run_fails_if_the_apt_source_has_no_package_for_this_machine(sandbox, repository):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.2.0-1")
    said = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", generate("userdata", *options, "--format", "shell"))
    assert "exit 1" in said and "it has no autoheal-agent=0.2.0-1 for" in sandbox.read("console")
    assert not sandbox.read(RESUMES)


def test_run_repairs_a_dpkg_that_was_interrupted(sandbox, repository, tmp_path):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.1.0-1")
    half = built(tmp_path, "Package: half", postinst="#!/bin/sh\ntest -e /tmp/may-be-configured\n")
    interrupted = f"""
dpkg --install {half}
touch /tmp/may-be-configured
dpkg-query --status half >/var/lib/dpkg/updates/0001
"""
    half.rename(sandbox.shared / half.name)
    interrupted = interrupted.replace(str(half), str(sandbox.shared / half.name))
    text = impatient(generate("userdata", *options, "--format", "shell"))
    said = sandbox.run(NO_OTHER_SOURCE, interrupted, text, "dpkg-query -W -f 'half is ${Status}' half")
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert "half is install ok installed" in said, said
