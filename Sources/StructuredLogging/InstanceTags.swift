package import Logging
import Synchronization

/// The tags of the instance: filled by whoever learns them, read by every log line afterwards.
package final class InstanceTags: Sendable {
    private struct State {
        var metadata: Logger.Metadata = [:]
        var isSettled = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var listener: (@Sendable (Logger.Metadata) -> Void)?

        mutating func settle() -> [CheckedContinuation<Void, Never>] {
            isSettled = true
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Sets the tags and ends every wait; a later call replaces them.
    package func fill(_ tags: [String: String]) {
        let (waiters, listener) = state.withLock { state in
            state.metadata = tags.mapValues { .string($0) }
            return (state.settle(), state.listener)
        }
        listener?(tags.mapValues { .string($0) })
        for waiter in waiters { waiter.resume() }
    }

    /// Has each later filling told, before those who wait for it go on.
    func tell(_ listener: @escaping @Sendable (Logger.Metadata) -> Void) {
        state.withLock { $0.listener = listener }
    }

    /// Ends every wait because no tags will come, or not soon; those that came stay, and others may still be filled in.
    package func giveUp() {
        let waiters = state.withLock { $0.settle() }
        for waiter in waiters { waiter.resume() }
    }

    /// What every line carries; empty until it is known.
    package var metadata: Logger.Metadata { state.withLock { $0.metadata } }

    /// Gives every line of a logger what is known at that moment.
    package var provider: Logger.MetadataProvider {
        Logger.MetadataProvider { self.metadata }
    }

    /// Waits until the tags are filled or given up, the time is over or the task is cancelled; says if there are tags.
    @discardableResult
    package func wait(atMost limit: Duration) async -> Bool {
        if !state.withLock({ $0.isSettled }), limit > .zero {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.settled() }
                group.addTask { try? await Task.sleep(for: limit) }
                await group.next()
                group.cancelAll()
            }
        }
        return !metadata.isEmpty
    }

    private func settled() async {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // Looked at under the lock: a cancellation that comes later finds the waiter.
                    guard !state.isSettled, !Task.isCancelled else { return true }
                    state.waiters[key] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
        }
    }
}
