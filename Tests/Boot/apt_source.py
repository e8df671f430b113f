"""A directory from which apt installs a package without a network; made once and kept in the cache."""

import glob
import os
import shutil
import subprocess
import tempfile

import image as images


def source_of(
    suite: str, packages: str, directory: str, log: str, lines: list[str] | None = None, light: bool = False
) -> str:
    """With all that a minimal Debian lacks for them. `lines`: of sources.list, if not the machine's own. `light`:
    for a guest whose processor is emulated."""
    with images.locked(directory + ".lock"):
        if not os.path.exists(directory):
            new = directory + ".new"
            shutil.rmtree(new, ignore_errors=True)
            os.mkdir(new)
            keep = f"--customize-hook=copy-out /var/cache/apt/archives {new}"
            debootstrap(suite, "-", directory + ".list", log, packages, "--format=null", keep, lines=lines)
            if light:
                lighten(os.path.join(new, "archives"))
            with open(os.path.join(new, "Packages"), "w") as index:
                subprocess.run(
                    ["dpkg-scanpackages", "archives"], cwd=new, check=True, stdout=index, stderr=subprocess.DEVNULL
                )
            os.rename(new, directory)
    return directory


def lighten(archives: str) -> None:
    """Makes each package anew: xz(1) would take a minute there, and so would links to 200 manual pages, one by one."""
    for name in os.listdir(archives):
        if name.endswith(".deb"):
            package = os.path.join(archives, name)
            with tempfile.TemporaryDirectory(dir=archives) as tree:
                subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
                for pages in glob.glob(os.path.join(tree, "usr", "share", "**", "man"), recursive=True):
                    shutil.rmtree(pages)
                subprocess.run(["dpkg-deb", "-Zzstd", "--build", tree, package], check=True, stdout=subprocess.DEVNULL)


def debootstrap(
    suite: str, target: str, sources: str, log: str, packages: str, *options: str, lines: list[str] | None = None
) -> None:
    with open(sources, "w") as file:
        file.write("\n".join(lines or images.apt_sources(suite)) + "\n")
    try:
        with open(log, "w") as output:
            subprocess.run(
                [
                    "mmdebstrap",
                    "--mode=root",
                    "--variant=minbase",
                    "--include=" + packages,
                    *images.apt_options(),
                    "--dpkgopt=path-exclude=/usr/share/locale/*",
                    *options,
                    suite,
                    target,
                    sources,
                ],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
    finally:
        os.remove(sources)
