"""The deployed function through one heal, and through one planned replacement, second by second.

The cloud is `simulated_cloud.py`. What a guest does when, docs/heal.md has measured; what is assumed beyond that stands
here as a number, and on the page in words.
"""

import contextlib
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Attach, load
from outcome_line import line
from simulated_cloud import SimulatedCloud

PAGE = Path(__file__).parents[2] / "docs" / "heal.md"
END = "<!-- Until here. -->\n"
HAND_OVER = 120  # as the stack gives it by default

# All in seconds.
NOTICED = 60  # from the end of an instance until its group knows of it
DELIVERED = 2  # from an instance in its hook to the function
PENDING = 15  # from a launch until EC2 says that the instance runs, and its kernel starts
SAID = 1  # from the mount to the agent's line on the console

Times = dict[str, float]


def measured(name: str, what: str) -> float:
    """When this happened on a guest, as script/boot-test has written it into the page."""
    section = PAGE.read_text().partition(f"<!-- Written by script/boot-test --timeline {name}. -->\n")[2]
    (seconds,) = re.findall(rf"^\| ([0-9.]+) \| {re.escape(what)}", section.partition(END)[0], re.MULTILINE)
    return float(seconds)


class Stage(SimulatedCloud):
    """The cloud, whose guests mount what they are given."""

    def reset(self) -> None:
        super().reset()
        self.image = ""
        self.kernels: Times = {}  # when that of an instance starts
        self.times: Times = {}

    def after_AttachVolume(self, parameters, answer):  # noqa: N802
        answer = super().after_AttachVolume(parameters, answer)
        volume, instance, now = parameters["VolumeId"], parameters["InstanceId"], self.clock.now
        # The agent waits for the volume, or finds it there.
        agent = measured(self.image, "**the agent starts**")
        mounting = measured(self.image, "**the volume is mounted**") - agent
        attached = now + self.attach_time
        mounted = max(self.kernels[instance] + agent, attached) + mounting
        self.after(mounted + SAID - now, self.say, instance, line(instance, [volume], "mounted"))
        self.times |= {"attached": attached, "mounted": mounted}
        return answer


class Play:
    """One stack whose instance is in service, and what happens to it when."""

    def __init__(self, stage: Stage, attach: Attach) -> None:
        self.stage, self.attach, self.times = stage, attach, stage.times
        self.old = stage.run()
        attach.configure(allocation=stage.address(self.old))
        stage.hold(attach.volumes[0], self.old)
        stage.mounted.update(attach.volumes)

    def note(self, what: str, call: str, then: float = 0) -> None:
        """When it was last asked for, and so many seconds later, if it was."""
        for at, name, _ in self.stage.calls:
            if name == call:
                self.times[what] = at + then

    def end(self) -> None:
        """The group ends the instance, which waits in the hook until the function lets it go."""
        self.times["ended"] = self.stage.clock.now
        action = self.stage.leave(self.attach.group, self.old)
        self.stage.clock.sleep(DELIVERED)
        assert self.attach.deliver(action.event()) == "CONTINUE"
        ((self.times["let go"], _, _),) = action.completions
        self.note("detached", "DetachVolume", self.stage.detach_time)

    def end_at_once(self) -> None:
        """The same without a hook."""
        self.times["ended"] = self.times["let go"] = self.stage.clock.now
        self.stage.terminate(self.old)

    def launch(self) -> None:
        """The group launches the next instance."""
        began = self.stage.clock.now
        action = self.attach.launch(pending=PENDING)
        self.stage.kernels[action.instance] = began + PENDING
        self.stage.clock.sleep(DELIVERED)
        assert self.attach.deliver(action.event()) == "CONTINUE"
        assert self.attach.in_place(action.instance)
        ((completed, _, _),) = action.completions
        self.times |= {"launched": began, "running": began + PENDING, "completed": completed}
        self.times["in service"] = completed + self.stage.join_time
        self.note("address", "AssociateAddress")
        self.note("read", "GetConsoleOutput")


@functools.cache
def scene():
    stage = Stage()
    return stage, load("device_attachment", stage)


@contextlib.contextmanager
def stack(image: str, until: str, hand_over: int) -> Iterator[Play]:
    stage, module = scene()
    stage.reset()
    stage.image = image
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", stage.url)
        yield Play(stage, Attach(stage, module, patch).want(LAUNCH_UNTIL=until, HAND_OVER=str(hand_over)))


def heal(*, hangs: int = 0, image: str = "stock", until: str = "data", hand_over: int = HAND_OVER) -> Times:
    """An instance has died; or it hangs, and EC2 lets go of its volume so many seconds after it was told to end it."""
    with stack(image, until, hand_over) as play:
        if hangs:
            play.stage.impaired.add(play.old)
            play.stage.terminate_time = hangs
        else:
            play.stage.terminate(play.old, after=0)
        play.times["died"] = play.stage.clock.now
        play.stage.clock.sleep(NOTICED)
        play.stage.settle()
        if hand_over:
            play.end()
        else:
            play.end_at_once()
        play.launch()
        return play.times


def replacement(*, off: int, image: str = "stock", hand_over: int = HAND_OVER, side_by_side: bool = False) -> Times:
    """The group replaces an instance that is well, and which is off so many seconds after it was told to be.

    :param side_by_side: The next one is launched when this one begins to end, not when it was let go."""
    with stack(image, "data", hand_over) as play:
        stage = play.stage
        stage.terminate_time = off
        if not hand_over:
            play.end_at_once()
            play.launch()
            return play.times
        play.times["unmounted"] = measured("hand-over", "the kernel has unmounted the volume")
        play.times["released"] = measured("hand-over", "**released** is said")
        stage.after(play.times["unmounted"], stage.mounted.difference_update, play.attach.volumes)
        play.attach.announce(play.old, "released", after=play.times["released"])
        if side_by_side:
            stage.clock.side_by_side(play.end, play.launch)
        else:
            play.end()
            play.launch()
        return play.times
