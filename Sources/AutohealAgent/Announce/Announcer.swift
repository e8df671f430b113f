import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import Logging
import StructuredLogging
import SystemPackage

/// Writes the line of the outcome on the console, again and again while it holds.
struct Announcer: Sendable {
    let console: String
    let interval: Duration
    /// From the first line of an outcome on.
    let duration: Duration
    let configurationFile: String?
    let environment: [String: String]
    let tags: InstanceTags
    let logger: Logger

    /// For a mount(8) that is about to end.
    private static let patience: Duration = .seconds(10)
    /// From look to look while there is nothing to say.
    private static let pause: Duration = .seconds(1)

    /// Returns when the time is over, or nothing is left to say.
    @MainActor
    func run() async -> ExitStatus {
        let directory = RuntimeDirectory(environment: environment)
        var signals: TerminationSignals?
        do throws(Errno) { signals = try TerminationSignals() } catch {
            logger.warning("Signals cannot be set up: \(error)")
        }
        let host = LinuxHost(signals: signals, runtimeDirectory: directory)
        // Kept until the end: it asks who this instance is.
        let identity = InstanceWatch(filling: tags, environment: environment, logger: logger)
        defer { withExtendedLifetime(identity) {} }
        if tags.instance == nil { await tags.wait(atMost: Self.pause) }
        let clock = ContinuousClock()
        let start = clock.now
        var end = start + Self.patience
        var last: ConsoleOutcome?
        var said: String?
        // What a unit that has failed leaves for this one tells of that failure alone.
        var monitored = environment
        func note(_ text: String) {
            if text != said { logger.info("\(text)") }
            said = text
        }
        while true {
            let boot = BootID.current()
            let news = RuntimeNews(directory)
            let survey = await OutcomeSurvey(
                configurationFile,
                in: directory,
                boot: boot,
                environment: monitored
            )
            monitored = [:]
            var current: ConsoleOutcome?
            switch survey.verdict {
            case .final(let ending):
                do throws(ConsoleOutcome.Missing) {
                    current = try ConsoleOutcome(
                        instance: tags.instance,
                        boot: boot,
                        volumes: survey.volumes,
                        ending: ending
                    )
                } catch {
                    note("Nothing is written on the console: \(error.words)")
                    // On Xen, cloud-init may tell it later.
                    end = max(end, start + duration)
                }
            case .pending(let what): note("Nothing is written on the console yet: \(what)")
            case .none(let why):
                note("Nothing is written on the console: \(why)")
                // What is mounted may be well again in a moment, and nobody would have it looked at then.
                if !survey.isWithoutPatience { end = max(end, start + duration) }
            }
            if let current {
                if current != last { end = clock.now + duration }
                write(current)
                said = nil
            } else if last == nil, survey.isWithoutPatience {
                return .ok
            }
            last = current
            let next = clock.now + (current == nil ? Self.pause : interval)
            guard next <= end else { return .ok }
            while clock.now < next, current == nil || news == RuntimeNews(directory) {
                do throws(VolumeError) { try host.pause(min(Self.pause, next - clock.now)) } catch { return .ok }
            }
        }
    }

    private func write(_ outcome: ConsoleOutcome) {
        do throws(Errno) {
            try outcome.write(to: console)
            logger.info("Written on the console: \(outcome.text)")
        } catch {
            logger.warning("\(console) took no line: \(error). It is tried again in \(interval)")
        }
    }
}

extension InstanceTags {
    /// The id of this instance of EC2: what the machine itself says, else what the metadata service has answered.
    var instance: String? {
        CurrentInstance().id.flatMap { ConsoleOutcome.isInstance($0) ? $0 : nil } ?? metadata["host.id"].map { "\($0)" }
    }
}

extension OutcomeSurvey {
    /// Whether who is at work now has this looked at again by itself.
    fileprivate var isWithoutPatience: Bool {
        if evidence.unit?.state == .atWork { return true }
        if case .none = verdict { return evidence.volumes.isEmpty || evidence.unit?.state != .active }
        return false
    }
}

extension ConsoleOutcome.Missing {
    var words: String {
        switch self {
        case .instance: "nothing tells which instance of EC2 this is"
        case .boot: "the kernel does not tell which boot this is"
        case .version: "this program's version is none"
        }
    }
}
