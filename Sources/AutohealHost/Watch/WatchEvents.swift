import AutohealPlan
package import AutohealRun
import AutohealSpec
import Glibc
import SystemPackage

/// What the watcher waits for: signals, changes of the table of mounts (proc_pid_mountinfo(5): POLLPRI), the kernel's events
/// about devices, and looks that come back.
package struct WatchEvents: ~Copyable {
    package enum Reason: Hashable, Sendable { case signal, event, time }

    private let signals: TerminationSignals
    private let uevents = Uevents(listening: true)
    private let mounts: FileDescriptor?
    private let answers: FileDescriptor
    /// Shared with the threads that look, which may hang for longer than anybody waits for them.
    package let answered: AnswerSignal

    package init(signals: TerminationSignals) throws(HostError) {
        self.signals = signals
        do throws(Errno) {
            mounts = try? FileDescriptor.open("/proc/self/mountinfo", .readOnly, options: .closeOnExec)
            let pipe = try FileDescriptor.pipe(options: [.nonBlocking, .closeOnExec])
            answers = pipe.readEnd
            answered = AnswerSignal(pipe.writeEnd)
        } catch {
            throw HostError("make", "a pipe", .errno(error), exitStatus: .temporaryFailure)
        }
    }

    deinit {
        try? mounts?.close()
        try? answers.close()
    }

    package func wait(atMost duration: Duration) -> Reason { wait(atMost: duration, heedingEvents: true) }

    /// Lets time pass, whatever happens but a signal.
    package func pause(_ duration: Duration) -> Reason { wait(atMost: duration, heedingEvents: false) }

    /// Until every look has come back, or the time is over, or a signal came.
    package func waitForLooks(atMost duration: Duration, while isLooking: () -> Bool) {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while isLooking() {
            let left = (end - clock.now) / .milliseconds(1)
            guard left > 0 else { return }
            var descriptors = [
                pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: answers.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, Int32(left.rounded(.up)))
            if ready > 0, descriptors[0].revents != 0 { return }
            drainAnswers()
        }
    }

    private func wait(atMost duration: Duration, heedingEvents: Bool) -> Reason {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while true {
            // poll(2) ignores negative descriptors.
            var descriptors = [
                pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: heedingEvents ? uevents.descriptor : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: heedingEvents ? mounts?.rawValue ?? -1 : -1, events: Int16(POLLPRI), revents: 0),
            ]
            let left = max(0, (end - clock.now) / .milliseconds(1))
            let ready = poll(&descriptors, 3, Int32(min(left, 86_400_000).rounded(.up)))
            if ready < 0, errno == EINTR { continue }
            if descriptors[0].revents != 0 { return .signal }
            guard ready > 0 else { return .time }
            uevents.drain()
            return .event
        }
    }

    private func drainAnswers() {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            while let count = try? answers.read(into: buffer), count == buffer.count {}
        }
    }
}

/// Takes a byte for each look that has come back; closed when nobody has it any more.
package final class AnswerSignal: Sendable {
    private let descriptor: FileDescriptor

    fileprivate init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit { try? descriptor.close() }

    func send() {
        let byte: UInt8 = 0
        _ = try? withUnsafeBytes(of: byte) { try descriptor.write($0) }
    }
}
