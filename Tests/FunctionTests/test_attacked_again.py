"""What a second attack found: a machine that boots again meanwhile, and a launch that comes from a warm pool."""

import pytest

from faults import THROTTLED
from outcome_line import LATER_BOOT
from test_release import Release

KERNEL = "\n[    0.000000] Linux version 6.1.0-41-cloud-amd64 (debian-kernel@lists.debian.org)\n"


@pytest.fixture
def until_data(attach):
    return attach.want(LAUNCH_UNTIL="data")


@pytest.mark.parametrize("kernel", [KERNEL, KERNEL.replace("Linux version", "Command line:")])
def test_what_was_released_before_a_reboot_is_not_detached_after_it(cloud, attach, kernel):
    """A reboot forgets the release: the next boot mounts the volume again, and says so only then."""
    release = Release(cloud, attach)
    release.hand_over(after=2)
    cloud.after(3, cloud.say, release.instance, kernel)
    cloud.after(4, cloud.mounted.update, list(attach.volumes))
    attach.announce(release.instance, "mounted", after=12, boot=LATER_BOOT)
    assert attach(release.leave().event()) == "CONTINUE"
    assert not release.detached()


def test_what_the_boot_after_a_reboot_releases_is_detached(cloud, attach):
    release = Release(cloud, attach)
    release.hand_over(after=2)
    cloud.after(3, cloud.say, release.instance, KERNEL)
    cloud.after(4, cloud.mounted.update, list(attach.volumes))
    cloud.after(30, cloud.mounted.clear)
    attach.announce(release.instance, "released", after=30, boot=LATER_BOOT)
    assert attach(release.leave().event()) == "CONTINUE"
    assert release.detached()


def test_what_was_mounted_before_a_reboot_is_not_in_service(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=30)
    cloud.after(40, cloud.say, action.instance, KERNEL)
    until_data.announce(action.instance, "refused", after=70, boot=LATER_BOOT, exit_code=65, reason="foreign")
    assert until_data(action.event()) == "KEPT"


def test_one_from_a_warm_pool_is_not_in_service_by_what_it_said_before(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=0)
    cloud.clock.sleep(1)
    cloud.settle()
    until_data.announce(action.instance, "failed", after=90, boot=LATER_BOOT, exit_code=71, reason="mount-failed")
    assert until_data(action.event(Origin="WarmPool")) == "ABANDON"


def test_one_from_a_warm_pool_is_in_service_with_its_data(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=0)
    cloud.clock.sleep(1)
    cloud.settle()
    until_data.announce(action.instance, "mounted", after=90, boot=LATER_BOOT)
    assert until_data(action.event(Origin="WarmPool")) == "CONTINUE"
    assert cloud.clock.now > 90


def test_throttled_from_the_begin_of_a_later_run_a_well_instance_is_not_abandoned(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=1500)
    cloud.after(790, cloud.fail, "DescribeInstances", *[THROTTLED] * 18)
    cloud.after(790, cloud.fail, "RecordLifecycleActionHeartbeat", *[None] + [THROTTLED] * 18)
    assert until_data.deliver(action.event()) == "CONTINUE"
