"""The package under test, the generator that tells instances of it, and a package that does everything wrong."""

import glob
import os
import subprocess

import apt_source
import image as images

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def package(log, file=None):
    """The package in dist/, built first if it is older than what it is made of, or the one that was named."""
    if file:
        return file
    built = glob.glob(os.path.join(ROOT, "dist", "autoheal-agent_*.deb"))
    newest = max(built, key=os.path.getmtime, default=None)
    if newest and os.path.getmtime(newest) > max(map(os.path.getmtime, sources())):
        return newest
    log("Building the package with script/package ...")
    made = subprocess.run([os.path.join(ROOT, "script", "package")], check=True, stdout=subprocess.PIPE, text=True)
    return made.stdout.split()[-1]


def sources():
    for name in ("CHANGELOG.md", "LICENSE", "Package.swift", "script/build-release", "script/package"):
        yield os.path.join(ROOT, name)
    for name in ("Sources", "packaging"):
        for folder, _, files in os.walk(os.path.join(ROOT, name)):
            yield from (os.path.join(folder, file) for file in files)


def generator(file=None):
    """autoheal-generate, built first if it is not up to date, or the one that was named."""
    if file:
        return file
    command = ["swift", "build", "--package-path", ROOT, "--product", "autoheal-generate"]
    try:
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
        folder = subprocess.run([*command, "--show-bin-path"], check=True, stdout=subprocess.PIPE, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"boot-test: autoheal-generate cannot be built: {error}") from error
    return os.path.join(folder.strip(), "autoheal-generate")


def source(log, name, image, release, sources_file=None):
    """Where apt in a guest finds a package of Debian and all that it needs. It is never older than the image."""
    directory = os.path.join(image.directory, "source-" + name)
    if not os.path.exists(directory):
        log(f"Fetching {name} and what it needs (a minute, once) ...")
    try:
        lines = images.source_lines(release, sources_file)
        return apt_source.source_of(release, name, directory, directory + ".log", lines, light=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"boot-test: {name} cannot be fetched; see {directory}.log") from error


def careless_package(directory):
    """A package under the agent's name that formats whatever it finds: the test must see that."""
    tree = os.path.join(directory, "careless")
    for source, target, mode in (
        ("careless-agent", "usr/bin/autoheal-agent", 0o755),
        ("careless-agent.service", "lib/systemd/system/autoheal-agent.service", 0o644),
        ("careless-agent.control", "DEBIAN/control", 0o644),
    ):
        path = os.path.join(tree, target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.path.join(HERE, "careless", source)) as file, open(path, "w") as copy:
            copy.write(file.read())
        os.chmod(path, mode)
    for folder, _, _ in os.walk(tree):
        os.chmod(folder, 0o755)
    deb = os.path.join(directory, "autoheal-agent_0_careless.deb")
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", "-Znone", tree, deb], check=True, stdout=subprocess.DEVNULL
    )
    return deb
