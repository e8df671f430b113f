"""An interrupted run removes what it made: the first signal unwinds the stack, whose contexts undo their work."""

import contextlib
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def unwind_on_signals():
    def unwind(number, _frame):
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)  # nothing may interrupt the cleaning
        raise SystemExit(128 + number)

    for each in SIGNALS:
        signal.signal(each, unwind)


@contextlib.contextmanager
def held_signals():
    """Signals wait while something is made and noted down, so that nothing is made without being noted."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
