import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import FoundationEssentials
import Logging
import StructuredLogging
import SystemPackage

/// One run of the program: its volumes, its host, its logger, and who the instance is.
struct RunContext: Sendable {
    let configuration: RunConfiguration
    let runtimeDirectory: RuntimeDirectory
    let host: LinuxHost
    let logging: LoggingConfiguration
    let tags = InstanceTags()

    /// From now on signals are caught: until here one that ends the program harms nothing.
    @MainActor
    init(_ configuration: RunConfiguration) {
        var signals: TerminationSignals?
        runtimeDirectory = RuntimeDirectory(environment: configuration.environment)
        let note = configuration.isOfUnit ? runtimeDirectory.stopRequestFile : nil
        do throws(Errno) { signals = try TerminationSignals(notedAt: note) } catch {
            Main.complain("autoheal-agent: signals cannot be set up: \(error)")
        }
        self.configuration = configuration
        logging = LoggingConfiguration(
            format: configuration.logFormat,
            level: configuration.logLevel,
            tags: tags,
            environment: configuration.environment,
            copiesToConsole: configuration.logConsole,
            namesVolumes: configuration.volumes.count + configuration.awaited.count > 1
        )
        host = LinuxHost(signals: signals, runtimeDirectory: runtimeDirectory, display: logging.display)
    }

    func plan(_ spec: VolumeSpec, waits: Bool = false) async -> Outcome {
        await Engine(host: host, logger: logger(for: spec)).plan(spec, waits: waits)
    }

    /// Grows what is mounted, one volume after the other: it takes a moment.
    ///
    /// - Returns: the status of the first one that could not be grown.
    func growAll() async -> ExitStatus {
        var statuses: [ExitStatus] = []
        for spec in configuration.volumes where spec.grow {
            let outcome = await Engine(host: host, logger: logger(for: spec)).grow(spec)
            let isGood = outcome.exitStatus == .ok && outcome.warnings.isEmpty
            logger(for: spec).log(
                level: isGood ? .notice : .error,
                "\(outcome.growth)",
                metadata: ["outcome": "\(outcome.name)", "exit.status": "\(outcome.exitStatus.rawValue)"]
            )
            statuses.append(isGood || outcome.exitStatus != .ok ? outcome.exitStatus : .osError)
        }
        return statuses.first { $0 != .ok } ?? .ok
    }

    func mount(_ spec: VolumeSpec, _ watch: InstanceWatch) async -> Outcome {
        await report(on: spec, watch) { await Engine(host: host, logger: logger(for: spec)).mount(spec) }
    }

    /// Does the whole job for one volume, leaves the report, and says the outcome last.
    ///
    /// - Parameter isWished: whether the configuration asks for it now; else its failure says nothing of what is mounted there.
    func report(
        on spec: VolumeSpec,
        _ watch: InstanceWatch,
        isWished: () -> Bool = { true },
        _ job: () async -> Outcome
    ) async -> Outcome {
        let logger = logger(for: spec)
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await job()
        let duration = clock.now - start
        let previous = runtimeDirectory.report(of: spec.mountPoint)
        if outcome.exitStatus == .ok || isWished()
            || previous.map({ VolumeStatus($0, in: runtimeDirectory).status }) != .ok
        {
            write(
                Report(
                    spec: spec,
                    outcome: outcome,
                    previous: previous,
                    boot: BootID.current(),
                    time: Date().timeIntervalSince1970,
                    duration: duration / .seconds(1)
                ),
                logger
            )
        }
        await watch.settle()
        logger.log(
            level: outcome.exitStatus == .ok ? .notice : .error,
            "\(outcome.reason)",
            metadata: [
                "outcome": "\(outcome.name)", "exit.status": "\(outcome.exitStatus.rawValue)",
                "duration_ms": "\(milliseconds(duration))",
            ]
        )
        return outcome
    }

    func logger(for spec: VolumeSpec) -> Logger {
        var logger = logging.logger()
        logger[metadataKey: "volume.device"] = "\(spec.device)"
        logger[metadataKey: "volume.mount_point"] = "\(spec.mountPoint)"
        if let id = spec.volumeID { logger[metadataKey: "volume.id"] = "\(id)" }
        return logger
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
