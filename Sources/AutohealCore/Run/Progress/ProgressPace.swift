import AutohealSpec

/// When something that may take long says how far it is: not at once, and then now and then.
///
/// Times are durations since the work began, so that the caller may use any monotonic clock.
package struct ProgressPace: Hashable, Sendable {
    /// What is over sooner says nothing.
    package let first: Duration
    /// From one word to the next.
    package let interval: Duration
    private var next: Duration

    /// For a log that is kept.
    package static let log = ProgressPace(first: .seconds(10), interval: .seconds(30))
    /// For a row that a person looks at, and that is overwritten.
    package static let terminal = ProgressPace(first: .milliseconds(500), interval: .milliseconds(250))

    package init(first: Duration, interval: Duration) {
        self.first = first
        self.interval = interval
        next = first
    }

    /// Whether it is time for a word; then the next one is due an interval later.
    package mutating func isDue(at elapsed: Duration) -> Bool {
        guard elapsed >= next else { return false }
        next = elapsed + interval
        return true
    }
}
