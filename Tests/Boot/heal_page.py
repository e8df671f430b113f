"""The measured part of docs/heal.md."""

import os

from baked_image import BOUND, EARLY
from bound_services import APPLICATION, LAST_WRITE

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "heal.md")
BEGIN, END = "<!-- Written by script/boot-test --timeline {}. -->\n", "<!-- Until here. -->\n"

EVENTS = {
    "userspace": "userspace begins",
    "local-fs.target": "local-fs.target",
    "agent began": "**the agent starts**",
    "agent ended": "the agent has ended",
    "cloud-init local ended": "cloud-init: local stage ended",
    "cloud-init network ended": "cloud-init: network stage ended",
    "sysinit.target": "sysinit.target",
    "multi-user.target": "multi-user.target",
    "cloud-init config ended": "cloud-init: config stage ended",
    "cloud-init final ended": "cloud-init: final stage ended",
}
HAND_OVER = {
    "autoheal-watch.service said that the instance ends": "two answers agree, and the watcher asks for the release",
    "autoheal-release.service said that the instance ends": "the release begins, having asked by itself",
    APPLICATION: "a bound service has stopped",
    LAST_WRITE: "one that takes 3 s for its last write has stopped, too",
    "autoheal-data.target": "autoheal-data.target has stopped",
    "autoheal-agent.service": "autoheal-agent.service has stopped",
    "unmounted": "the kernel has unmounted the volume",
    "released": "**released** is said, after the exclusive open",
}
# What the stock image may take from the script's begin to the active service, but for the installation; seconds.
ALLOWANCE = 6
SHARE = 5


def write(name, result):
    with open(PAGE) as file:
        text = file.read()
    before, begin, rest = text.partition(BEGIN.format(name))
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"docs/heal.md has no place for the {name} image")
    with open(PAGE, "w") as file:
        file.write(before + begin + "\n" + section(result) + "\n".join(goals(name, result)) + "\n\n" + end + after)


def section(result):
    if "hand-over" in result:
        lines = ["| s | |", "|---|---|", "| 0 | the metadata service says `Terminated` |"]
        times = sorted(result["hand-over"].items(), key=lambda item: item[1])
        lines += [f"| {time:.1f} | {HAND_OVER.get(what, what)} |" for what, time in times]
        return "\n".join(lines) + "\n\n"
    lines = ["| s | |", "|---|---|", "| 0 | the kernel starts |"]
    lines += [f"| {time:.1f} | {what} |" for time, what in sorted(events(result))]
    return "\n".join(lines) + "\n\n"


def events(result):
    found = [(result["times"].get(key), what) for key, what in EVENTS.items()]
    found += [
        (result["mounted"], "**the volume is mounted**"),
        (result["script"], "the script of the user data begins"),
        (result["installation"].get("begin"), "dpkg, or apt, begins to install the package"),
        (result["installation"].get("end"), "it has ended"),
        (result["services"][BOUND]["active"], "**the bound service is active** (bound-service.conf)"),
        (result["services"][EARLY]["active"], "**the early bound service is active** (early-bound-service.conf)"),
    ]
    return [(time, what) for time, what in found if time]


def goals(name, result):
    """Complete sentences."""
    if "hand-over" in result:
        return [f"From the notice to the released volume {result['hand-over']['released']:.1f} s."]
    return stock_goals(result) if name == "stock" else prepared_goals(result)


def stock_goals(result):
    installation = result["installation"]["end"] - result["installation"]["begin"]
    whole = result["services"][BOUND]["active"] - result["script"]
    return [
        (
            f"From the script's begin to the active service {whole:.1f} s, {installation:.1f} s of them the package's "
            f"installation: {whole - installation:.1f} s more ({ALLOWANCE} are allowed)."
        )
    ]


def prepared_goals(result):
    early = result["services"][EARLY]
    network = result["times"]["cloud-init network ended"]
    order = "before" if early["active"] < network else "AFTER"
    lines = [
        (
            f"The early service is active at {early['active']:.1f} s, {order} cloud-init's network stage has ended "
            f"({network:.1f} s)."
        )
    ]
    used = {
        unit: values["cpu"]
        for unit, values in result["units"].items()
        if values["cpu"] and values["began"] and values["began"] < early["active"]
    }
    share = 100 * sum(used.values()) / early["cpu"]
    parts = ", ".join(f"{unit} {cpu:.2f}" for unit, cpu in used.items())
    return [
        *lines,
        (
            f"Until then the machine had used {early['cpu']:.1f} s of CPU time, our units {sum(used.values()):.2f} "
            f"({parts}): {share:.1f} % ({SHARE} are allowed)."
        ),
    ]
