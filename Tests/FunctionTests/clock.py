"""Simulated time: nothing sleeps, and what happens does not depend on how fast this machine is."""

import itertools
import threading
import uuid
from collections.abc import Callable


class Clock:
    """What runs side by side takes turns: one runs until it sleeps, then the one that wakes first."""

    def __init__(self) -> None:
        self.now = 0.0
        self._turn = threading.Condition()
        self._order = itertools.count()
        self._wakes: dict[threading.Thread, tuple[float, int]] = {}
        self._running: threading.Thread | None = None

    def sleep(self, seconds: float) -> None:
        me = threading.current_thread()
        with self._turn:
            if me not in self._wakes:
                self.now += seconds
                return
            self._wakes[me] = (self.now + seconds, next(self._order))
            self._pass_on()
            self._turn.wait_for(lambda: self._running is me)

    def side_by_side(self, *deeds: Callable[[], None]) -> None:
        """Does all of them, each to its end."""
        threads = [threading.Thread(target=self._take_part, args=(deed,), daemon=True) for deed in deeds]
        with self._turn:
            self._wakes = {thread: (self.now, next(self._order)) for thread in threads}
            self._pass_on()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _take_part(self, deed: Callable[[], None]) -> None:
        me = threading.current_thread()
        with self._turn:
            self._turn.wait_for(lambda: self._running is me)
        try:
            deed()
        finally:
            with self._turn:
                del self._wakes[me]
                self._pass_on()

    def _pass_on(self) -> None:
        self._running = min(self._wakes, key=self._wakes.__getitem__, default=None)
        if self._running:
            self.now = max(self.now, self._wakes[self._running][0])
        self._turn.notify_all()


class Context:
    """What Lambda gives a function: the time that remains, by the simulated clock."""

    def __init__(self, clock: Clock, timeout: float = 900) -> None:
        self.clock = clock
        self.end = clock.now + timeout
        self.aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return int((self.end - self.clock.now) * 1000)
