/// When to look for a device: `tries` announced looks, `interval` apart, and a deadline at the end of the last interval.
///
/// Times are durations since the first look, so that the caller may use any monotonic clock.
package struct WaitSchedule: Hashable, Sendable {
    package let tries: Int
    package let interval: Duration
    /// Without an event, look this often all the same: a kernel event may have been lost.
    package let quietInterval: Duration

    package init(tries: Int, interval: Duration, quietInterval: Duration = .seconds(1)) {
        self.tries = tries
        self.interval = interval
        self.quietInterval = quietInterval
    }

    package var deadline: Duration { interval * tries }

    /// The number, from 1, of the try that `elapsed` falls into.
    package func tryNumber(at elapsed: Duration) -> Int {
        guard interval > .zero else { return tries }
        return min(tries, Int(elapsed / interval) + 1)
    }

    /// How long to sleep before the next look, should nothing happen.
    ///
    /// - Returns: nil when the deadline has passed: the look before it was the last.
    package func pause(at elapsed: Duration) -> Duration? {
        guard elapsed < deadline else { return nil }
        let nextTry = min(deadline, interval * tryNumber(at: elapsed))
        return min(quietInterval, max(.zero, nextTry - elapsed))
    }
}
