import Glibc

/// Looks until something is so, and gives up with words.
package enum Eventually {
    package static func holds(
        _ what: String,
        within limit: Duration = .seconds(20),
        _ condition: () throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while try !condition() {
            guard clock.now < end else { throw NeverHappened(what: what, limit: limit) }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The same for clean-up code, which cannot suspend; gives up in silence.
    static func holdsSoon(_ condition: () -> Bool) {
        for _ in 0..<400 where !condition() { usleep(5000) }
    }
}

package struct NeverHappened: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration

    package var description: String { "Not within \(limit): \(what)." }
}
