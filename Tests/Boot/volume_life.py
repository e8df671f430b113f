"""Scenarios 2, 3, 4, 5 and 8: the next instance, the next boot, an interrupted mkfs, a larger volume, and no names."""

import contextlib
import os

import disks
import image as images
from guest import StagingError
from qmp import ProtocolError
from scenarios import BOUND, GUEST_FACTS


def next_instance(stories):
    stories.first_instance()
    stories.report.begin(2, "the instance is killed; the next one gets the same volume")
    guest = stories.launch("2-next", [stories.settings()])
    stories.attach_late(guest, stories.volume)
    unit, facts = stories.settle(guest, "/data")
    stories.check_mounted(guest, unit, facts)
    stories.check_same_data(facts)


def reboot(stories):
    stories.first_instance()
    stories.report.begin(3, "the same instance boots again")
    guest = stories.guest
    stories.add_services(guest)
    before = guest.python(GUEST_FACTS, "facts")["boot_id"]
    guest.mark_console()
    # The answer may be lost with the guest.
    with contextlib.suppress(ProtocolError):
        guest.agent.request("guest-exec", {"path": "systemctl", "arg": ["reboot"]})
    guest.wait_for_boot()
    guest.connect()
    unit, facts = stories.settle(guest, "/data")
    if facts["boot_id"] == before:
        raise StagingError("The guest did not boot again.")
    stories.check_mounted(guest, unit, facts, figures=False)
    boot = facts["boot"]
    waited = boot["agent began"] >= boot["cloud-init-local ended"]
    stories.report.check("the agent has waited for no stage of cloud-init", not waited, boot)
    stories.check_active(guest, BOUND)
    stories.check_same_data(facts)


def killed_in_mkfs(stories):
    stories.report.begin(4, "killed in the middle of mkfs; the next instance finishes it")
    stories.volume = disks.Volume(os.path.join(stories.directory, "interrupted.img"))
    guest = stories.launch("4-killed", [stories.settings()])
    guest.wait_for_agent_start()
    # So slow that the moment cannot be missed.
    guest.attach(stories.volume, bytes_per_second=64 << 10)
    # In the file's data and not only in the guest's cache: the marker, more than the marker, and no superblock yet.
    guest.wait_until(
        "mkfs to begin",
        lambda: stories.volume.has_intent_marker and not stories.volume.is_blank_but_for_marker,
        pause=0.05,
    )
    guest.kill()
    staged = stories.volume.has_intent_marker and stories.volume.superblock is None
    if not staged:
        raise StagingError(f"mkfs was not caught in the middle: {stories.volume.superblock}")
    stories.report.check("mkfs had written something, and no superblock", not stories.volume.is_blank_but_for_marker)

    guest = stories.launch("4-next", [stories.settings()])
    stories.attach_late(guest, stories.volume, late=2)
    unit, facts = stories.settle(guest, "/data")
    if not stories.check_mounted(guest, unit, facts):
        raise StagingError("Without a mounted volume the story cannot go on.")
    steps = stories.steps(facts)
    stories.report.check("it was formatted by the second instance", "format" in steps, steps)
    stories.files = guest.python(GUEST_FACTS, "write", "/data/boot-test")
    stories.files = {"boot-test/" + name: value for name, value in stories.files.items()}
    stories.superblock = stories.volume.superblock
    stories.end_guest()
    errors = stories.volume.errors()
    stories.report.check("e2fsck finds nothing wrong", not errors, errors)
    stories.report.check("the marker is gone", not stories.volume.has_intent_marker)


def enlarged(stories):
    if not stories.files:
        stories.first_instance()
    stories.end_guest()
    stories.report.begin(5, "the volume was enlarged between two instances")
    before = stories.volume.size
    stories.volume.enlarge(2 * before)
    guest = stories.launch("5-enlarged", [stories.settings()])
    stories.attach_late(guest, stories.volume, late=2)
    unit, facts = stories.settle(guest, "/data")
    stories.check_mounted(guest, unit, facts)
    stories.check_same_data(facts)
    here = facts["volumes"]["/data"]
    stories.report.check("the file system has the new size", here.get("bytes", 0) > 1.8 * before, here.get("bytes"))
    stories.report.check("it grew online", "resized" in here.get("times", {}), here.get("times"))
    times = here.get("times", {})
    if "mounted" in times and "resized" in times:
        stories.report.figure("seconds from mounted to grown", f"{times['resized'] - times['mounted']:.2f}")
    stories.report.check("the agent says that it grew", "grow" in stories.steps(facts), stories.steps(facts))
    stories.end_guest()
    errors = stories.volume.errors()
    stories.report.check("e2fsck finds nothing wrong", not errors, errors)


def without_rule(stories):
    stories.report.begin(8, "no udev rule makes /dev/xvdb, and the metadata service is down")
    stories.end_guest()
    root = images.without_udev_rule(stories.image, stories.directory)
    by_id = disks.Volume(os.path.join(stories.directory, "by-id.img"), "/dev/xvdb")
    by_name = disks.Volume(os.path.join(stories.directory, "by-name.img"), "/dev/sdc")
    guest = stories.launch(
        "8-without-rule",
        [
            {"device": "/dev/xvdb", "mount-point": "/by-id", "volume-id": by_id.id, "tries": 30},
            {"device": "/dev/xvdc", "mount-point": "/by-name", "tries": 30},
        ],
        root_disk=root,
        parameters="",
        is_nitro=False,
    )
    # cloud-init has read what it needs when it runs the user data; from there on nobody answers.
    stories.packages.on_download = lambda path: stories.metadata.fall_silent()
    stories.attach_late(guest, by_id, by_name)
    unit, facts = stories.settle(guest, "/by-id", "/by-name")
    stories.report.check("there is no name of EC2's in /dev", not facts["ec2_names"], facts["ec2_names"])
    stories.report.check("the metadata service was silent", not stories.metadata.speaks.is_set())
    for mount_point, volume in (("/by-id", by_id), ("/by-name", by_name)):
        if not stories.check_mounted(guest, unit, facts, mount_point, volume, figures=mount_point == "/by-id"):
            continue
        # By the rule of the package: that of EC2, which does it too, is missing. The kernel rounds to its own ticks.
        node = facts["volumes"][mount_point]["node"]
        timeout = int(guest.output("cat", f"/sys/block/{node}/queue/io_timeout"))
        stories.report.check("its I/O timeout is 24 days", abs(timeout - 0x7FFFFFFF) < 100, timeout)
    stories.report.figure("requests that got no answer", stories.metadata.unanswered)
