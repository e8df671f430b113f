package import AutohealHealth
import AutohealPlan
package import AutohealRun
import Glibc
import Synchronization
import SystemPackage

/// Looks at one volume on a thread of its own, so that a device that hangs holds up nobody else: a call that hangs cannot be
/// ended, and there is never more than this one for a device.
package final class Looker: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var latest: VolumeObservation?
    }

    private let state = Mutex(State())
    private let requests: (readEnd: FileDescriptor, writeEnd: FileDescriptor)

    /// - Parameters:
    ///   - answered: told after each look.
    ///   - look: may hang.
    package init(answered: AnswerSignal, look: @escaping @Sendable () -> VolumeObservation) throws(HostError) {
        do throws(Errno) { requests = try FileDescriptor.pipe(options: .closeOnExec) } catch {
            throw HostError("make", "a pipe", .errno(error), exitStatus: .temporaryFailure)
        }
        let read = requests.readEnd
        let started = WorkerThreads.startDetached { [weak self] in
            var byte: UInt8 = 0
            // Ends when the writing end is closed.
            while (try? withUnsafeMutableBytes(of: &byte, { try read.read(into: $0) })) == 1 {
                let observation = look()
                self?.state.withLock { $0 = State(since: nil, latest: observation) }
                answered.send()
            }
            try? read.close()
        }
        guard started else {
            throw HostError("start", "a thread", .errno(.resourceTemporarilyUnavailable), exitStatus: .temporaryFailure)
        }
    }

    deinit { try? requests.writeEnd.close() }

    /// Asks for a look, unless the last one has not come back.
    package func begin() {
        let isFree = state.withLock { state in
            guard state.since == nil else { return false }
            state.since = .now
            return true
        }
        guard isFree else { return }
        var byte: UInt8 = 1
        _ = try? withUnsafeBytes(of: &byte) { try requests.writeEnd.write($0) }
    }

    package var isLooking: Bool { state.withLock { $0.since != nil } }

    /// What the last look saw; of one that has not come back, how long it has been waited for.
    package var observation: VolumeObservation {
        let (since, latest) = state.withLock { ($0.since, $0.latest) }
        guard let since else { return latest ?? Self.nothing }
        var observation = latest ?? Self.nothing
        observation.read = .known(.waiting(.now - since))
        return observation
    }

    private static let nothing = VolumeObservation(
        mountPoint: .unknown("not looked at yet"),
        deviceSize: .unknown("not looked at yet"),
        read: .unknown("not looked at yet"),
        space: .unknown("not looked at yet")
    )
}
