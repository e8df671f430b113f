"""A virtual clock of very many threads."""

import heapq
import itertools
import threading
from collections.abc import Callable


class Turns:
    """One thread runs until it sleeps, then the one that wakes first. Each waits at a lock of its own, so that only
    one is woken; `clock.Clock` wakes all of its few."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._queue: list[tuple[float, int, threading.Semaphore]] = []
        self._mine = threading.local()
        self._done = threading.Event()

    def sleep(self, seconds: float) -> None:
        heapq.heappush(self._queue, (self.now + seconds, next(self._order), self._mine.lock))
        self._pass_on()
        self._mine.lock.acquire()

    def run(self, deeds: list[tuple[float, Callable[[], None]]]) -> None:
        """Does all of them, each from its time on, to their end."""
        former = threading.stack_size(512 * 1024)
        try:
            for begin, deed in deeds:
                lock = threading.Semaphore(0)
                heapq.heappush(self._queue, (begin, next(self._order), lock))
                threading.Thread(target=self._take_part, args=(lock, deed), daemon=True).start()
        finally:
            threading.stack_size(former)
        self._pass_on()
        self._done.wait()

    def _take_part(self, lock: threading.Semaphore, deed: Callable[[], None]) -> None:
        self._mine.lock = lock
        lock.acquire()
        try:
            deed()
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        if not self._queue:
            self._done.set()
            return
        self.now, _, lock = heapq.heappop(self._queue)
        lock.release()
