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
    private let host: LinuxHost
    private let logging: LoggingConfiguration
    private let tags = InstanceTags()

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

    /// Does for mount(8) what the unit does for the configuration file, all of its tries in one run, and leaves for other units
    /// whether the volume is still awaited.
    ///
    /// - Parameters:
    ///   - isLine: whether fstab(5) has it; what was asked for by hand alone is nobody else's.
    ///   - announces: whether the unit is told, which waits for the mount.
    @MainActor
    func mount(_ volume: FstabVolume, unit: String, isLine: Bool, announces: Bool) async -> Outcome {
        let logger = logger(for: volume.spec)
        do throws(HostError) { _ = try takeBack([volume.spec.mountPoint]) } catch {
            logger.error("\(error.reason)", metadata: ["exit.status": "\(error.exitStatus.rawValue)"])
            return .stopped(.failed(error))
        }
        let watch = InstanceWatch(filling: tags, environment: configuration.environment, logger: logging.logger())
        do {
            let text = ConfigurationFile(volumes: [volume.settings]).text
            if isLine { try runtimeDirectory.writeFstabVolume(text, at: volume.spec.mountPoint) }
        } catch {
            warnOfNote(error)
        }
        runtimeDirectory.setIsAwaited(unit, false)
        // Beside the work; nothing depends on it here.
        async let announcement: Void = isLine && announces ? MountBeginning.announce() : ()
        let engine = Engine(host: host, logger: logger)
        let outcome = await report(on: volume.spec, watch) {
            let clock = ContinuousClock()
            let end = clock.now + volume.spec.deadline
            var outcome = await engine.mount(volume.spec)
            while outcome.mayPass, clock.now < end {
                logger.warning("\(outcome.reason) It is tried again in \(Self.pause).")
                do throws(VolumeError) { try host.pause(Self.pause) } catch { return .stopped(error) }
                var rest = volume.spec
                rest.tries = max(1, Int(((end - clock.now) / rest.interval).rounded(.up)))
                outcome = await engine.mount(rest)
            }
            let isAwaited = isLine && outcome.exitStatus != .ok && !outcome.isInterrupted
            runtimeDirectory.setIsAwaited(unit, isAwaited)
            // What has come since the last look was announced to nobody.
            guard isAwaited, outcome.exitStatus == .noInput else { return outcome }
            var once = volume.spec
            once.tries = 1
            once.interval = .zero
            let last = await engine.mount(once)
            guard last.exitStatus != .noInput else { return outcome }
            runtimeDirectory.setIsAwaited(unit, last.exitStatus != .ok && !last.isInterrupted)
            return last
        }
        await announcement
        return outcome
    }

    /// Between two tries, as the unit has it (RestartSec=).
    private static let pause: Duration = .seconds(5)

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
        do throws(HostError) {
            let mountPoints = (configuration.volumes + configuration.awaited.map(\.spec)).map(\.mountPoint)
            await startMounts(at: try takeBack(mountPoints))
        } catch {
            logging.logger().error("\(error.reason)", metadata: ["exit.status": "\(error.exitStatus.rawValue)"])
            return error.exitStatus
        }
        guard configuration.isOfUnit else { return await mountEach() }
        runtimeDirectory.setIsLooking(true)
        let status = await mountEach()
        if status != .ok { runtimeDirectory.setIsLooking(false) }
        return status
    }

    /// What a person released, a person takes back; of an instance that ends nothing can be.
    ///
    /// - Returns: the mount points that had been handed over.
    private func takeBack(_ mountPoints: [String]) throws(HostError) -> [String] {
        guard runtimeDirectory.handOver != nil else { return [] }
        let taken: [String]
        do throws(Errno) {
            guard let hold = try runtimeDirectory.holdHandOver() else {
                throw Errno.resourceTemporarilyUnavailable
            }
            taken = try hold.takeBack(mountPoints)
        } catch {
            throw HostError(
                "take the volumes back in",
                runtimeDirectory.path,
                error == .resourceTemporarilyUnavailable ? .text("a release is at work") : .errno(error),
                exitStatus: error == .resourceTemporarilyUnavailable ? .temporaryFailure : .cannotCreate
            )
        }
        if let refusal = runtimeDirectory.handOver?.refusal {
            throw HostError("mount", "the volumes", .text(refusal), exitStatus: .unavailable)
        }
        return taken
    }

    /// The mounts of fstab(5) are systemd's to begin again.
    private func startMounts(at mountPoints: [String]) async {
        for volume in configuration.awaited where mountPoints.contains(volume.spec.mountPoint) {
            let unit = mountUnit(at: volume.spec.mountPoint)
            if let problem = await UnitManager().start(unit) {
                logger(for: volume.spec).warning("\(unit) could not be started: \(problem)")
            }
        }
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
        let ofLines: [ExitStatus] = configuration.hasWrongLine ? [.configuration] : []
        if configuration.hasWrongLine {
            let error = ConfigurationFileError(file: Fstab.path, cause: .problems(configuration.fstabProblems))
            logging.logger().error("A line of fstab is wrong, and never mounted: \(error)")
        }
        guard !configuration.awaited.isEmpty else {
            return ExitStatus.ofAll(await mountEach(volumes, watch) + ofLines)
        }
        // A thread of its own, which may block.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let waiting = Task(executorPreference: EventLoopTaskExecutor(group.next())) { @concurrent in await awaitMounts()
        }
        let ofFile = await mountEach(volumes, watch)
        return ExitStatus.ofAll(ofFile + (await waiting.value) + ofLines)
    }

    /// - Returns: the statuses, in the order of the volumes.
    @MainActor
    private func mountEach(_ volumes: [VolumeSpec], _ watch: InstanceWatch) async -> [ExitStatus] {
        if volumes.count <= 1 {
            var statuses: [ExitStatus] = []
            for spec in volumes { statuses.append(await mount(spec, watch).exitStatus) }
            return statuses
        }
        // A thread for each: a device that hangs holds up nobody but its own volume.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: volumes.count)
        let executors = group.makeIterator().map(EventLoopTaskExecutor.init)
        let statuses = await withTaskGroup(of: (Int, ExitStatus).self) { tasks in
            for (index, spec) in volumes.enumerated() {
                tasks.addTask(executorPreference: executors[index]) { (index, await mount(spec, watch).exitStatus) }
            }
            var statuses: [Int: ExitStatus] = [:]
            for await (index, status) in tasks { statuses[index] = status }
            return statuses
        }
        return volumes.indices.compactMap { statuses[$0] }
    }

    /// Waits until the mounts of fstab(5) are there, and for no longer than a try of the unit takes.
    private func awaitMounts() async -> [ExitStatus] {
        let clock = ContinuousClock()
        let end = clock.now + Self.patience
        while true {
            let statuses = configuration.awaited.map { status(of: $0.spec.mountPoint) }
            guard statuses.contains(where: { $0 != .ok }), clock.now < end else {
                for (volume, status) in zip(configuration.awaited, statuses) { sayOfMount(volume.spec, status) }
                return statuses
            }
            do throws(VolumeError) { try host.pause(.seconds(1)) } catch { return [.temporaryFailure] }
        }
    }

    /// For the mounts of fstab(5): with RestartSec= and the number of tries, as long as their helper waits.
    private static let patience: Duration = .seconds(60)

    private func status(of mountPoint: String) -> ExitStatus {
        runtimeDirectory.report(of: mountPoint).map { VolumeStatus($0, in: runtimeDirectory).status } ?? .noInput
    }

    private func sayOfMount(_ spec: VolumeSpec, _ status: ExitStatus) {
        let unit = mountUnit(at: spec.mountPoint)
        logger(for: spec).log(
            level: status == .ok ? .info : .error,
            status == .ok
                ? "It is mounted by \(unit), its line of fstab" : "It is not mounted by \(unit), its line of fstab",
            metadata: ["exit.status": "\(status.rawValue)"]
        )
    }

    private func mount(_ spec: VolumeSpec, _ watch: InstanceWatch) async -> Outcome {
        await report(on: spec, watch) { await Engine(host: host, logger: logger(for: spec)).mount(spec) }
    }

    /// Does the whole job for one volume, leaves the report, and says the outcome last.
    private func report(on spec: VolumeSpec, _ watch: InstanceWatch, _ job: () async -> Outcome) async -> Outcome {
        let logger = logger(for: spec)
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await job()
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
        return outcome
    }

    /// Leaves what the file says now for `status` and `config changed`, before anything is waited for.
    private func rememberFile() {
        guard let volumes = configuration.fileVolumes else { return }
        let before = (try? ConfigurationFile(path: runtimeDirectory.volumesFile).specs()) ?? []
        let mountPoints = Set(configuration.volumes.map(\.mountPoint))
        for spec in before where !mountPoints.contains(spec.mountPoint) {
            runtimeDirectory.retireReport(of: spec.mountPoint)
        }
        do {
            try runtimeDirectory.writeVolumes(ConfigurationFile(volumes: volumes).text)
        } catch {
            warnOfNote(error)
        }
    }

    private func warnOfNote(_ error: any Error) {
        logging.logger().warning(
            "The configuration could not be noted for 'status'",
            metadata: ["directory": "\(runtimeDirectory.path)", "error": "\(error)"]
        )
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

extension Outcome {
    var isInterrupted: Bool { if case .stopped(.interrupted) = self { true } else { false } }

    /// Whether another try may mend it that does not wait for the volume again.
    fileprivate var mayPass: Bool { exitStatus.mayPass && exitStatus != .noInput && !isInterrupted }
}
