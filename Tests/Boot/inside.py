"""Inside the namespaces: the servers, the guests, the verdict."""

import os
import signal
import sys
import traceback

import image as images
import network
import plan
import scenarios
import timeline
from guest import StagingError
from metadata_server import MetadataServer, PackageServer
from report import Report


def main(options, outer_namespace, image_directory, deb, generator, run_directory, logs):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    network.demand_isolation(outer_namespace)
    network.set_up()
    os.chdir(run_directory)
    network.DHCPServer().start()
    report = Report()
    with open(deb, "rb") as file:
        package = file.read()
    stories = scenarios.Stories(
        report,
        images.Image(image_directory),
        MetadataServer().start(),
        PackageServer().start(),
        package,
        generator,
        run_directory,
        logs,
        options,
    )
    if options.timeline:
        return measure(stories, options.timeline)
    try:
        broken = tell(stories, report, plan.chosen(options))
    except KeyboardInterrupt:
        return 130
    report.summarise()
    if broken:
        print("Not every scenario could be brought to its end; this says nothing about the agent.")
        return 2
    if options.self_check:
        return self_check(report)
    return 1 if report.failed() else 0


def measure(stories, images):
    try:
        timeline.measure(stories, images)
    except StagingError as error:
        stories.report.say(f"STOPPED: {error}")
        return 2
    finally:
        stories.end_guest()
    return 0


def tell(stories, report, chosen):
    """Runs the scenarios; returns the numbers of those that could not be staged."""
    broken = []
    try:
        for number in chosen:
            try:
                plan.ALL[number](stories)
            except StagingError as error:
                report.say(f"  STOPPED: {error}")
                broken.append(number)
            except Exception:
                traceback.print_exc()
                broken.append(number)
    finally:
        stories.end_guest()
    return broken


def self_check(report):
    """A package that always formats passes only where there is nothing to lose."""
    expected = {(2, scenarios.FILES_ARE_THERE), (2, scenarios.NOT_FORMATTED)}
    expected |= {(6, scenarios.BYTES_UNCHANGED.format(name)) for name in scenarios.disks.FOREIGN}
    unnoticed = expected - set(report.failed())
    for number, name in sorted(unnoticed):
        print(f"The careless package passed in scenario {number}: {name}")
    if not unnoticed:
        print(f"The test noticed all {len(expected)} losses that the careless package caused.")
    return 1 if unnoticed else 0
