/// How long to pause between attempts: twice as long each time, up to a maximum.
package struct Backoff: Hashable, Sendable {
    package var first: Duration
    package var maximum: Duration

    package init(first: Duration = .milliseconds(100), maximum: Duration = .seconds(2)) {
        self.first = first
        self.maximum = maximum
    }

    /// The pause after a failed attempt, of which the first has the number 1.
    package func pause(afterAttempt attempt: Int) -> Duration {
        // Beyond 32 doublings the maximum is reached, whatever it is.
        let doublings = min(max(attempt, 1) - 1, 32)
        return min(first * (1 << doublings), maximum)
    }
}
