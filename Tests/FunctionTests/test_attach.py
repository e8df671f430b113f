"""The attach function: the first launch and the replacement."""

import pytest


def test_first_launch(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch(pending=20)
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    assert action.outcomes == ["CONTINUE"]
    assert cloud.clock.now < 60


def test_waits_until_the_instance_runs_before_it_attaches(cloud, attach):
    action = attach.launch(pending=300)
    assert attach(action.event()) == "CONTINUE"
    assert cloud.count("AttachVolume") == 1
    (attached,) = (at for at, name, _ in cloud.calls if name == "AttachVolume")
    assert 300 < attached < 310


def test_an_instance_that_is_not_visible_yet_is_waited_for(cloud, attach):
    action = attach.launch()
    cloud.hide_instances_until = 30
    assert attach(action.event()) == "CONTINUE"
    assert attach.said("not visible yet")


def test_replacement_while_the_old_instance_holds_the_volume_for_ten_minutes(cloud, attach):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=600)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    assert cloud.count("AttachVolume") == 1
    (waiting,) = attach.said("another instance to release the volume")
    assert (waiting["holder.id"], waiting["holder.state"]) == (old, "shutting-down")
    assert waiting["volume.id"] == attach.volumes[0]


def test_a_volume_that_is_being_detached_is_waited_for(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old, state="detaching")
    cloud.after(90, cloud.release, attach.volumes[0])
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.said('"volume.attachment_state": "detaching"')


def test_a_volume_that_is_being_detached_from_this_instance_is_waited_for(cloud, attach):
    action = attach.launch(pending=0)
    cloud.hold(attach.volumes[0], action.instance, state="detaching")
    cloud.after(30, cloud.release, attach.volumes[0])
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)


def test_a_holder_that_never_lets_go_is_left_alone_and_named(cloud, attach):
    attach.timeout = 300
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    action.began -= 2500  # so this run is the last one
    assert attach(action.event()) == "ABANDON"
    assert cloud.holder(attach.volumes[0]) == old
    (line,) = attach.said("Giving the launch up.")
    assert (line["reason"], line["holder.id"], line["holder.state"]) == ("the time is up", old, "running")


def test_the_launch_after_an_abandoned_one_succeeds(cloud, attach):
    attach.timeout = 300
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=350)
    first = attach.launch()
    first.began -= 2500
    assert attach(first.event()) == "ABANDON"
    assert cloud.state(first.instance) in ("shutting-down", "terminated")
    second = attach.launch()
    assert attach(second.event()) == "CONTINUE"
    assert attach.in_place(second.instance)


def test_address_still_associated_with_the_old_instance(cloud, attach):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    (line,) = attach.said("Associating the address.")
    assert line["holder.id"] == old


def test_no_address(cloud, attach, monkeypatch):
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert not cloud.count("DescribeAddresses") and not cloud.count("AssociateAddress")
    monkeypatch.delenv("ALLOCATION_ID")
    assert attach(attach.configure([cloud.volume()]).launch().event()) == "CONTINUE"


def test_several_volumes_attach_side_by_side_before_the_address(cloud, attach):
    cloud.attach_time = 60
    attach.configure([cloud.volume() for _ in range(4)], cloud.address())
    action = attach.launch(pending=0)
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    assert cloud.clock.now < 90
    devices = {cloud.backend.volumes[each].attachment.device for each in attach.volumes}
    assert devices == {"/dev/sdf", "/dev/sdg", "/dev/sdh", "/dev/sdi"}
    names = [name for _, name, _ in cloud.calls]
    assert names.index("AssociateAddress") > max(i for i, name in enumerate(names) if name == "AttachVolume")


@pytest.mark.parametrize("attach_time", [1, 30, 300])
def test_a_volume_that_is_still_attaching_does_not_complete_the_hook(cloud, attach, attach_time):
    cloud.attach_time = attach_time
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)


def test_one_volume_held_keeps_the_address_where_it_is(cloud, attach):
    attach.timeout = 300
    old = cloud.run()
    attach.configure([cloud.volume(), cloud.volume()], cloud.address(old))
    cloud.hold(attach.volumes[1], old)
    action = attach.launch()
    action.began -= 2500
    assert attach(action.event()) == "ABANDON"
    assert cloud.address_of(attach.allocation) == old


def test_attached_under_another_device_name_is_accepted_and_said(cloud, attach):
    action = attach.launch(pending=0)
    cloud.hold(attach.volumes[0], action.instance, device="/dev/sdz")
    assert attach(action.event()) == "CONTINUE"
    assert not cloud.count("AttachVolume")
    assert attach.said("Attached under another device name.")[0]["volume.device"] == "/dev/sdz"


def test_the_hook_is_kept_alive_while_it_waits(cloud, attach):
    """Every five minutes: a quarter of the time that the stack's hook has. All groups draw on the same requests."""
    cloud.hook_timeout = 400
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=700)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert cloud.count("RecordLifecycleActionHeartbeat") == 3
