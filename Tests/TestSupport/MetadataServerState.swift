import NIOCore
import Synchronization

/// What the connections of one metadata server share.
final class MetadataServerState: Sendable {
    private struct Waiter {
        var condition: @Sendable (MetadataServerSnapshot) -> Bool
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Contents {
        var script: MetadataServerScript
        var snapshot = MetadataServerSnapshot()
        var connections: [ObjectIdentifier: any Channel] = [:]
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0

        /// Takes out those whose condition now holds.
        mutating func takeSatisfiedWaiters() -> [Waiter] {
            let satisfied = waiters.filter { $0.value.condition(snapshot) }
            for key in satisfied.keys { waiters[key] = nil }
            return Array(satisfied.values)
        }
    }

    private let contents: Mutex<Contents>

    init(script: MetadataServerScript) {
        contents = Mutex(Contents(script: script))
    }

    var snapshot: MetadataServerSnapshot { contents.withLock { $0.snapshot } }

    func replaceScript(_ script: MetadataServerScript) {
        contents.withLock { $0.script = script }
    }

    func opened(_ channel: any Channel) {
        change {
            $0.connections[ObjectIdentifier(channel)] = channel
            $0.snapshot.acceptedConnections += 1
            $0.snapshot.openConnections += 1
        }
    }

    func closed(_ channel: any Channel) {
        change {
            $0.connections[ObjectIdentifier(channel)] = nil
            $0.snapshot.openConnections -= 1
        }
    }

    func answer(to request: MetadataServerRequest) -> MetadataServerAnswer {
        change {
            $0.snapshot.requests.append(request)
            return $0.script.next(for: request.path)
        }
    }

    func closeConnections() {
        for channel in contents.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    }

    func wait(until condition: @escaping @Sendable (MetadataServerSnapshot) -> Bool) async throws {
        let key = contents.withLock { contents in
            contents.nextWaiter += 1
            return contents.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Looked at under the lock: a cancellation that comes later finds the waiter.
                let satisfied: [Waiter]? = contents.withLock { contents in
                    guard !Task.isCancelled else { return nil }
                    contents.waiters[key] = Waiter(condition: condition, continuation: continuation)
                    return contents.takeSatisfiedWaiters()
                }
                guard let satisfied else {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                for waiter in satisfied { waiter.continuation.resume() }
            }
        } onCancel: {
            let waiter = contents.withLock { $0.waiters.removeValue(forKey: key) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    private func change<Value: Sendable>(_ body: (inout Contents) -> Value) -> Value {
        let (value, satisfied) = contents.withLock { contents in
            let value = body(&contents)
            return (value, contents.takeSatisfiedWaiters())
        }
        for waiter in satisfied { waiter.continuation.resume() }
        return value
    }
}
