"""A plugin of pytest (`-p no_skips`): a run in which a test was skipped has failed: nobody knows what it says."""

import pytest


class NoSkips:
    """Counts what was skipped, also by the workers of xdist, whose reports come here."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped:
            terminalreporter.write_line(
                f"FAILED: {len(self.skipped)} skipped, and nothing may be: " + ", ".join(self.skipped)
            )


def pytest_configure(config: pytest.Config) -> None:
    # The workers of xdist report to the process that began them.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(NoSkips())
