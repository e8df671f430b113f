"""What a stack's alarms count in the log of the device function, by the patterns that the templates have."""

import fnmatch
import re

import pytest

from functions import FUNCTIONS

SOURCE = (FUNCTIONS.parent / "Stack" / "Model" / "StackAlarm.swift").read_text()
PATTERNS = dict(re.findall(r'StackLogMetric\(name: "(\w+)", pattern: #"\{ (.+) \}"#\)', SOURCE))


def counts(lines):
    """CloudWatch Logs, "Filter pattern syntax": a field that is there, and a text in which a star is any text."""

    def matches(pattern, line):
        conditions = [re.fullmatch(r'\$\.(\w+) = "(.*)"', each) for each in pattern.split(" && ")]
        return all(
            key in line and fnmatch.fnmatchcase(str(line[key]), value)
            for key, value in map(re.Match.groups, conditions)
        )

    return {name: sum(matches(pattern, line) for line in lines) for name, pattern in PATTERNS.items()}


@pytest.fixture
def until_data(attach):
    return attach.want(LAUNCH_UNTIL="data")


def test_there_is_a_pattern_for_each_metric():
    assert PATTERNS.keys() == {"AbandonedLaunches", "EndedLaunches", "NeedsAPerson"}


@pytest.mark.parametrize(("outcome", "abandoned", "needs"), [("mounted", 0, 0), ("failed", 1, 0), ("refused", 0, 1)])
def test_a_launch_is_counted_once_as_what_it_was(until_data, outcome, abandoned, needs):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, outcome, after=60, exit_code=65)
    until_data(action.event())
    until_data(action.message())
    assert counts(until_data.lines) == {"AbandonedLaunches": abandoned, "EndedLaunches": 1, "NeedsAPerson": needs}


def test_the_end_of_an_instance_is_no_launch(cloud, attach):
    attach.want(HAND_OVER="60")
    attach(cloud.leave(attach.group, cloud.run()).event())
    assert attach.said("Completed") and not any(counts(attach.lines).values())
