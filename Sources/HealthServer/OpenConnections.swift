import NIOCore
import Synchronization

/// The connections that there are, the oldest first; one too many costs the oldest its place, so that clients who never
/// finish keep nobody out.
final class OpenConnections: Sendable {
    private let limit: Int
    private let channels = Mutex<[ObjectIdentifier: (number: Int, channel: any Channel)]>([:])
    private let numbers = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    func add(_ channel: any Channel) {
        let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
        let oldest = channels.withLock { channels -> (any Channel)? in
            channels[ObjectIdentifier(channel)] = (number, channel)
            guard channels.count > limit, let oldest = channels.min(by: { $0.value.number < $1.value.number }) else {
                return nil
            }
            channels[oldest.key] = nil
            return oldest.value.channel
        }
        oldest?.close(promise: nil)
        channel.closeFuture.whenComplete { [self] _ in
            channels.withLock { $0[ObjectIdentifier(channel)] = nil }
        }
    }
}
