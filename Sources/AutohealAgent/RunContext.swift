import AutohealCore
import AutohealHost
import ConfigurationFile
import FoundationEssentials
import InstanceMetadata
import Logging
import NIOCore
import NIOPosix
import StructuredLogging
import SystemPackage

/// One run of the program: its volumes, its host, its logger, and who the instance is.
struct RunContext: Sendable {
    private let configuration: RunConfiguration
    private let runtimeDirectory: RuntimeDirectory
    private let isOfUnit: Bool
    private let host: LinuxHost
    private let logging: LoggingConfiguration
    private let tags = InstanceTags()

    /// From now on signals are caught: until here one that ends the program harms nothing.
    @MainActor
    init(_ configuration: RunConfiguration) {
        var signals: TerminationSignals?
        runtimeDirectory = RuntimeDirectory(environment: configuration.environment)
        // A run by hand is not the unit's.
        isOfUnit = configuration.environment["AUTOHEAL_UNIT"] != nil
        let note = isOfUnit ? runtimeDirectory.stopRequestFile : nil
        do throws(Errno) { signals = try TerminationSignals(notedAt: note) } catch {
            Main.complain("autoheal-agent: signals cannot be set up: \(error)")
        }
        self.configuration = configuration
        host = LinuxHost(signals: signals, runtimeDirectory: runtimeDirectory)
        logging = LoggingConfiguration(
            format: configuration.logFormat,
            level: configuration.logLevel,
            tags: tags,
            environment: configuration.environment,
            copiesToConsole: configuration.logConsole
        )
    }

    func plan(_ spec: VolumeSpec) async -> Outcome {
        await Engine(host: host, logger: logger(for: spec)).plan(spec)
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

    /// Handles every volume, several side by side; the unit's run leaves for other units whether it looks.
    ///
    /// - Returns: ``ExitStatus/ofAll(_:)`` of theirs, in the order of the configuration.
    @MainActor
    func mountAll() async -> ExitStatus {
        if let refusal = runtimeDirectory.handOver?.refusal {
            let metadata: Logger.Metadata = ["exit.status": "\(ExitStatus.unavailable.rawValue)"]
            logging.logger().error("\(refusal)", metadata: metadata)
            return .unavailable
        }
        // What a person released, a person takes back.
        runtimeDirectory.removeHandOver()
        guard isOfUnit else { return await mountEach() }
        runtimeDirectory.setIsLooking(true)
        let status = await mountEach()
        if status != .ok { runtimeDirectory.setIsLooking(false) }
        return status
    }

    @MainActor
    private func mountEach() async -> ExitStatus {
        let volumes = configuration.volumes
        do throws(HostError) {
            // For one, the start of the program has seen to it.
            if volumes.count > 1 { try Reserve.check(volumes: volumes.count) }
        } catch {
            logging.logger().error("\(error.reason)", metadata: ["exit.status": "\(error.exitStatus.rawValue)"])
            return error.exitStatus
        }
        let watch = InstanceWatch(filling: tags, environment: configuration.environment, logger: logging.logger())
        rememberFile()
        if volumes.count == 1 { return await mount(volumes[0], watch) }

        // A thread for each: a device that hangs holds up nobody but its own volume.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: volumes.count)
        let executors = group.makeIterator().map(EventLoopTaskExecutor.init)
        let statuses = await withTaskGroup(of: (Int, ExitStatus).self) { tasks in
            for (index, spec) in volumes.enumerated() {
                tasks.addTask(executorPreference: executors[index]) { (index, await mount(spec, watch)) }
            }
            var statuses: [Int: ExitStatus] = [:]
            for await (index, status) in tasks { statuses[index] = status }
            return statuses
        }
        return ExitStatus.ofAll(volumes.indices.compactMap { statuses[$0] })
    }

    /// Does the whole job for one volume, leaves the report, and says the outcome last.
    private func mount(_ spec: VolumeSpec, _ watch: InstanceWatch) async -> ExitStatus {
        let logger = logger(for: spec)
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await Engine(host: host, logger: logger).mount(spec)
        let duration = clock.now - start
        write(
            Report(
                spec: spec,
                outcome: outcome,
                previous: runtimeDirectory.report(of: spec.mountPoint),
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

    /// Leaves what the file says now for `status` and `config changed`, before anything is waited for.
    private func rememberFile() {
        guard let volumes = configuration.fileVolumes else { return }
        let before = (try? ConfigurationFile(path: runtimeDirectory.volumesFile).specs()) ?? []
        let mountPoints = Set(configuration.volumes.map(\.mountPoint))
        for spec in before where !mountPoints.contains(spec.mountPoint) {
            runtimeDirectory.removeReport(of: spec.mountPoint)
        }
        do {
            try runtimeDirectory.writeVolumes(ConfigurationFile(volumes: volumes).text)
        } catch {
            logging.logger().warning(
                "The configuration could not be noted for 'status'",
                metadata: ["directory": "\(runtimeDirectory.path)", "error": "\(error)"]
            )
        }
    }

    private func logger(for spec: VolumeSpec) -> Logger {
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
