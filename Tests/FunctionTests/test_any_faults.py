"""Laws of the attach function, whatever goes wrong, in any order. All of it is in simulated time.

1. The hook is completed exactly once, unless it ended otherwise (its time, its group). It raises only when the
   completion itself failed until the time was up, or when the time was up and all was well; then Lambda runs the event
   again.
2. CONTINUE only if the last look saw the instance running, each volume attached to it, and the address with it; where
   it waits for the data, only if the agent has said that they are mounted, or that it refuses them.
3. Nothing is detached, disassociated or terminated by the function, and nothing is forced.
4. It ends within its time.
5. The same event once more changes nothing, but for a refused instance that a run has left in service.
6. After that, what is in service has its data, where that was waited for, also if Lambda ended a run where it stood.

More examples: `pytest --hypothesis-profile=thorough`.
"""

from hypothesis import given
from hypothesis import strategies as st

import faults as simulated
from account import volume_states
from conftest import FORBIDDEN
from faults import Fault

ACTIONS = [
    "DescribeInstances",
    "DescribeVolumes",
    "DescribeInstanceStatus",
    "DescribeAutoScalingInstances",
    "EnterStandby",
    "GetConsoleOutput",
    "AttachVolume",
    "DescribeAddresses",
    "AssociateAddress",
    "RecordLifecycleActionHeartbeat",
    "CompleteLifecycleAction",
]
CHANGES = {"AttachVolume", "AssociateAddress", "CompleteLifecycleAction", "EnterStandby"}
OUTCOMES = ["mounted", "mounted", "refused", "failed", "not-installed", "released"]

a_fault = st.sampled_from(
    [
        None,
        simulated.THROTTLED,
        simulated.RATE_EXCEEDED,
        simulated.INTERNAL,
        simulated.UNAUTHORIZED,
        simulated.ACCESS_DENIED,
        simulated.IN_USE,
        simulated.INCORRECT_STATE,
        simulated.LOST_ANSWER,
        simulated.LOST_REQUEST,
        Fault("InvalidParameterValue"),
        Fault("Unheard.Of"),
    ]
)
moment = st.integers(0, 250)
incidents = st.one_of(
    st.tuples(st.just("instance"), moment, st.sampled_from(["shutting-down", "terminated", "stopping", "stopped"])),
    st.tuples(st.just("volume deleted"), moment, st.integers(0, 1)),
    st.tuples(st.just("volume broken"), moment, st.sampled_from(["error", "deleting", "creating"])),
    st.tuples(st.just("group deleted"), moment, st.none()),
    st.tuples(st.just("operator detaches"), moment, st.integers(0, 1)),
    st.tuples(st.just("operator ends the action"), moment, st.sampled_from(["CONTINUE", "ABANDON"])),
)
situations = st.fixed_dictionaries(
    {
        "volumes": st.integers(1, 2),
        "address": st.sampled_from(["none", "free", "with the old instance"]),
        "held": st.sampled_from(["no", "attached", "detaching", "busy"]),
        "released": st.integers(0, 400),
        "pending": st.integers(0, 120),
        "attach_time": st.sampled_from([0, 3, 3, 3, 30, 150]),
        "hook_timeout": st.sampled_from([300, 300, 300, 65]),
        "timeout": st.sampled_from([300, 300, 120, 90]),
        "until": st.sampled_from(["attached", "data"]),
        "on_refusal": st.sampled_from(["keep", "abandon"]),
        "says": st.lists(st.tuples(st.sampled_from(OUTCOMES), st.integers(0, 500)), max_size=2),
        "killed": st.sampled_from([None, *sorted(CHANGES)]),  # the first run, at its first pause after that call
        "twice": st.one_of(st.none(), st.just(0), st.integers(0, 200)),  # seconds later
        "incidents": st.lists(incidents, max_size=2),
        "faults": st.lists(st.tuples(st.sampled_from(ACTIONS), st.lists(a_fault, min_size=1, max_size=8)), max_size=4),
    }
)


def happens(cloud, attach, action, incident):
    what, when, detail = incident
    if what == "instance":
        cloud.after(when, cloud.set_state, action.instance, detail)
    elif what == "volume deleted":
        cloud.after(when, cloud.delete_volume, attach.volumes[detail % len(attach.volumes)])
    elif what == "volume broken":
        cloud.after(when, volume_states.__setitem__, attach.volumes[0], detail)
    elif what == "group deleted":
        cloud.after(when, cloud.delete_group, attach.group)
    elif what == "operator detaches":
        cloud.after(when, cloud.release, attach.volumes[detail % len(attach.volumes)])
    else:
        cloud.after(when, lambda: setattr(action, "ended", action.ended or f"{detail} by an operator"))


def arrange(cloud, attach, given_situation):
    cloud.reset()
    attach.lines.clear()
    attach.module.client.cache_clear()
    attach.timeout = given_situation["timeout"]
    cloud.attach_time = given_situation["attach_time"]
    cloud.hook_timeout = given_situation["hook_timeout"]
    old = cloud.run()
    address = given_situation["address"]
    allocation = None if address == "none" else cloud.address(old if address == "with the old instance" else None)
    attach.configure([cloud.volume() for _ in range(given_situation["volumes"])], allocation)
    if given_situation["held"] != "no":
        for volume in attach.volumes:
            cloud.hold(volume, old, state=given_situation["held"])
        cloud.terminate(old, after=given_situation["released"])
    attach.want(LAUNCH_UNTIL=given_situation["until"], ON_REFUSAL=given_situation["on_refusal"])
    action = attach.launch(pending=given_situation["pending"])
    for outcome, when in given_situation["says"]:
        attach.announce(action.instance, outcome, after=when)
    for incident in given_situation["incidents"]:
        happens(cloud, attach, action, incident)
    for name, sequence in given_situation["faults"]:
        cloud.fail(name, *sequence)
    return action


def check_laws(cloud, attach, action, outcomes, until):
    completed = action.outcomes
    assert len(completed) == 1 or (not completed and (action.ended or set(outcomes) == {"RAISED"})), outcomes
    for _, outcome, seen in action.completions:
        if outcome == "CONTINUE":
            assert seen["instances"][action.instance] == "running"
            assert all(seen["volumes"].get(volume) == action.instance for volume in attach.volumes)
            said = seen.get("console", "")
            assert until == "attached" or "outcome=mounted" in said or "outcome=refused" in said
            assert not attach.allocation or seen["addresses"].get(attach.allocation) == action.instance
    assert not {name for _, name, _ in cloud.calls} & FORBIDDEN
    assert not any(key == "Force" for _, _, parameters in cloud.calls for key in parameters)
    assert set(outcomes) <= {"CONTINUE", "ABANDON", "KEPT", "OVER", "RAISED"}
    assert all(line["host.id"] == action.instance for line in attach.lines)


def play(cloud, attach, situation):
    action = arrange(cloud, attach, situation)
    delay, killed = situation["twice"], situation["killed"]
    if killed:
        attach.until(action.event(), lambda: cloud.count(killed))
    outcomes = [attach.deliver(action.event())] if delay is None else attach.twice(action.event(), delay)
    check_laws(cloud, attach, action, outcomes, situation["until"])
    if not action.ended:
        return
    cloud.faults.clear()
    done = len(cloud.calls)
    outcome = attach(action.event())
    changes = [name for _, name, _ in cloud.calls[done:] if name in CHANGES - {"CompleteLifecycleAction"}]
    assert (outcome, changes) in (("OVER", []), ("KEPT", ["EnterStandby"]))
    check_laws(cloud, attach, action, outcomes, situation["until"])
    cloud.clock.sleep(cloud.join_time)
    cloud.settle()
    is_in_service = cloud.lifecycle.get(action.instance) == "InService"
    assert not is_in_service or situation["until"] == "attached" or "outcome=mounted" in cloud.consoles[action.instance]


@given(situation=situations)
def test_any_faults_in_any_order(cloud, attach, situation):
    play(cloud, attach, situation)


@given(situation=situations, killed=st.sampled_from(["CompleteLifecycleAction", "EnterStandby"]))
def test_a_refused_launch_whose_run_ends_anywhere(cloud, attach, situation, killed):
    refused = {"until": "data", "on_refusal": "keep", "says": [("refused", 60)], "held": "no", "incidents": []}
    play(cloud, attach, {**situation, **refused, "killed": killed})
