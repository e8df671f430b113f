import AutohealRun
import AutohealSpec
import Glibc
import SystemPackage

/// Lets time pass until something happens: a signal, an event, or the end of the time.
struct Waiter: ~Copyable {
    private let signals: TerminationSignals?
    private let uevents: Uevents

    /// - Parameter listening: to the kernel's events too, from now on.
    init(signals: TerminationSignals?, listening: Bool = false) {
        self.signals = signals
        uevents = Uevents(listening: listening)
    }

    func wait(atMost duration: Duration) throws(VolumeError) {
        let clock = ContinuousClock()
        let end = clock.now + duration
        // poll(2) ignores negative descriptors.
        var descriptors = [signals?.descriptor.rawValue ?? -1, uevents.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while true {
            if let signal = signals?.pending() { throw .interrupted(signal: signal) }
            let left = (end - clock.now) / .milliseconds(1)
            let ready = poll(&descriptors, 2, Int32(max(0, min(left, 86_400_000)).rounded(.up)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0, descriptors[0].revents == 0 else { break }
            uevents.drain()
            return
        }
        if let signal = signals?.pending() { throw .interrupted(signal: signal) }
    }
}
