"""`script/boot-test`: prepares outside, boots inside.

Outside is the machine with its network, where the image and the package come from. Inside is a network, PID and mount
namespace: it has lo and a tap device, and when its first process ends, the kernel ends QEMU and removes the tap device,
however that came about.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys

import image as images
import requirements


def arguments():
    parser = argparse.ArgumentParser(
        prog="script/boot-test",
        description="Boots instances under QEMU as on EC2; cloud-init installs the package, and a volume is hot-added.",
        epilog="Without a choice, what Tests/Boot/plan.py has for the release. Images are kept in the cache directory.",
    )
    parser.add_argument("--all", action="store_true", help="all scenarios")
    parser.add_argument(
        "--scenario",
        type=int,
        action="append",
        choices=range(1, 18),
        metavar="N",
        help="only this one; may be repeated",
    )
    parser.add_argument(
        "--release",
        choices=images.RELEASES,
        default="bookworm",
        help="the Debian that is booted (default: bookworm)",
    )
    parser.add_argument(
        "--deb", metavar="FILE", help="the package to test (default: dist/, built if it is out of date)"
    )
    parser.add_argument(
        "--generator", metavar="FILE", help="the autoheal-generate whose user data is served (default: built here)"
    )
    parser.add_argument(
        "--self-check",
        action="store_true",
        help="test the test: a package that always formats must fail scenarios 2 and 6",
    )
    parser.add_argument(
        "--timeline",
        nargs="*",
        choices=("stock", "prepared", "hand-over"),
        metavar="WHAT",
        help="measure a heal from the kernel to the bound service, on a stock and a prepared image, and a hand-over "
        "before it; writes docs/heal.md",
    )
    parser.add_argument("--image-only", action="store_true", help="build the image and stop")
    parser.add_argument("--accelerator", choices=("tcg", "kvm"), default="tcg", help="of QEMU (default: tcg)")
    parser.add_argument(
        "--apt-sources", metavar="FILE", help="one-line sources for the image (default: the machine's own)"
    )
    parser.add_argument(
        "--logs", metavar="DIRECTORY", help="consoles and journals of the guests (default: .build/boot-test/RELEASE)"
    )
    parser.add_argument("--cache", metavar="DIRECTORY", help="where the image is kept")
    parser.add_argument("--list-packages", action="store_true", help="print the apt packages that this test needs")
    # From the outer to the inner process.
    parser.add_argument("--inside", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.timeline == []:
        options.timeline = ["stock", "prepared", "hand-over"]
    return options


def main():
    options = arguments()
    requirements.extend_path()
    if options.list_packages:
        print("\n".join(requirements.PACKAGES))
        return 0
    if options.inside:
        import inside

        return inside.main(options, *options.inside)
    problems = requirements.problems()
    if problems:
        sys.exit("\n".join("boot-test: " + problem for problem in problems))
    return outside(options)


def outside(options):
    import database
    import packages
    import plan

    # A signal becomes an exception, so that everything below is undone on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    log = lambda text: print(text, flush=True)
    cache = os.path.abspath(options.cache or images.cache_directory())
    image = images.prepare(log, options.release, options.apt_sources, cache)
    if options.image_only:
        return 0
    if 17 in plan.chosen(options) and not options.timeline:
        packages.source(log, database.PACKAGE, image, options.release, options.apt_sources)
    logs = os.path.abspath(options.logs or os.path.join(packages.ROOT, ".build", "boot-test", options.release))
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)
    try:
        with images.run_directory(cache) as run:
            if options.self_check:
                deb = packages.careless_package(run)
            else:
                deb = os.path.abspath(packages.package(log, options.deb))
            generator = os.path.abspath(packages.generator(options.generator))
            log(f"Testing {os.path.basename(deb)}; logs in {os.path.relpath(logs)}")
            return boot(image, deb, generator, run, logs)
    except KeyboardInterrupt:
        return 130


def boot(image, deb, generator, run, logs):
    command = [
        # Each ends with the one before it, also when that was killed.
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        sys.executable,
        os.path.abspath(sys.argv[0]),
        *sys.argv[1:],
        "--inside",
        os.readlink("/proc/self/ns/net"),
        image.directory,
        deb,
        generator,
        run,
        logs,
    ]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        return process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
