import AutohealCore
import AutohealHost
import FoundationEssentials
import Logging
import StructuredLogging

/// One run of the program: its host, its logger, and who the instance is.
struct RunContext: Sendable {
    let host: LinuxHost
    private let runtimeDirectory: RuntimeDirectory
    private let logging: LoggingConfiguration
    private let tags = InstanceTags()
    private let environment: [String: String]

    @MainActor static var signals: TerminationSignals?

    @MainActor
    init(logging: LoggingFlags) {
        environment = ProcessInfo.processInfo.environment
        runtimeDirectory = RuntimeDirectory(environment: environment)
        host = LinuxHost(signals: Self.signals, runtimeDirectory: runtimeDirectory)
        self.logging = logging.configuration(tags: tags, environment: environment)
    }

    func logger(for spec: VolumeSpec) -> Logger {
        var logger = logging.logger()
        logger[metadataKey: "volume.device"] = "\(spec.device)"
        logger[metadataKey: "volume.mount_point"] = "\(spec.mountPoint)"
        if let id = spec.volumeID { logger[metadataKey: "volume.id"] = "\(id)" }
        return logger
    }

    /// Does the whole job for one volume, leaves the report, and says the outcome last.
    func mount(_ spec: VolumeSpec) async -> ExitStatus {
        let logger = logger(for: spec)
        let watch = InstanceWatch(filling: tags, environment: environment, logger: logging.logger())
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await Engine(host: host, logger: logger).mount(spec)
        let duration = clock.now - start
        write(
            Report(
                spec: spec,
                outcome: outcome,
                time: Date().timeIntervalSince1970,
                duration: duration / .seconds(1)
            ),
            logger
        )
        await watch.settle()
        logger.log(
            level: outcome.exitStatus == .ok ? .notice : .error,
            "\(outcome.reason)",
            metadata: [
                "outcome": "\(outcome.name)", "exit.status": "\(outcome.exitStatus.rawValue)",
                "duration_ms": "\(milliseconds(duration))",
            ]
        )
        return outcome.exitStatus
    }

    /// A report that cannot be written costs `status` its answer, and nothing else.
    private func write(_ report: Report, _ logger: Logger) {
        do {
            try runtimeDirectory.write(report)
        } catch {
            logger.warning(
                "The report for 'status' could not be written",
                metadata: ["directory": "\(runtimeDirectory.path)", "error": "\(error)"]
            )
        }
    }
}
