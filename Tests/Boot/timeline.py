"""One timeline of a heal: an instance boots with the volume that it is for, and its files, attached already."""

import json
import os

import baked_image
import disks
import handed_over
import heal_page
from baked_image import BOUND, EARLY

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "timeline_facts.py")) as source:
    FACTS = source.read()

NOTHING = "#cloud-config\n{}\n"
# For each instruction. Two boots of one image then differ little, however busy the machine is; a real instance takes a
# tenth of it and less.
NANOSECONDS = 4
# Seconds of the host; counting takes time.
LIMIT = 3600


def measure(stories, names):
    for name in names:
        stories.report.begin(name, f"the timeline of a heal: {name}")
        result = IMAGES[name](stories)
        stories.end_guest()
        with open(os.path.join(stories.logs, f"timeline-{name}.json"), "w") as file:
            json.dump(result, file, indent=1)
        for line in heal_page.goals(name, result):
            stories.report.say("  " + line)
        heal_page.write(name, result)


def stock(stories):
    volume = volume_with_files(stories, "stock")
    root = baked_image.with_services(stories.image, os.path.join(stories.directory, "root-stock.img"))
    return boot(stories, "stock", volume, root)


def prepared(stories):
    volume = volume_with_files(stories, "prepared")
    configuration = f'[[volume]]\ndevice = "{volume.device_name}"\nvolume-id = "{volume.id}"\n'
    deb = os.path.join(stories.directory, "agent.deb")
    with open(deb, "wb") as file:
        file.write(stories.package)
    root = baked_image.prepared(stories.image, os.path.join(stories.directory, "root-prepared.img"), deb, configuration)
    return boot(stories, "prepared", volume, root, told=NOTHING)


def volume_with_files(stories, name):
    volume = disks.Volume(os.path.join(stories.directory, f"timeline-{name}.img"))
    disks.ext4(volume.path)
    return volume


def boot(stories, name, volume, root, **options):
    settings = [{"volume-id": volume.id}]
    options.update(attached=[volume], root_disk=root, nanoseconds=NANOSECONDS)
    guest = stories.launch(name, settings, **options)
    guest.wait_for_console(r"Cloud-init v\. \S+ finished at .*", LIMIT)
    guest.connect()
    guest.wait_until(f"{BOUND} to be active", lambda: guest.unit(BOUND)["ActiveState"] == "active", LIMIT, pause=2)
    is_complete = lambda: "No jobs" in guest.output("systemctl", "list-jobs")
    guest.wait_until("the boot to be complete", is_complete, LIMIT, pause=2)
    result = guest.python(FACTS, BOUND, EARLY, limit=LIMIT)
    os.remove(root)
    return result


def hand_over(stories):
    """The other end of a heal, with the guest's own clock: what is waited for is not computing."""
    return {"hand-over": handed_over.story(stories)}


IMAGES = {"stock": stock, "prepared": prepared, "hand-over": hand_over}
