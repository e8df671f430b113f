import AutohealCore
import AutohealHost
import FoundationEssentials
import HealthWatch
import InstanceMetadata
import Logging
import NIOPosix
import StructuredLogging
import SystemPackage

/// One release of volumes: what uses them is stopped, they are unmounted, and their devices are proved to be free.
struct ReleaseRun: Sendable {
    private let wait: Duration
    private let environment: [String: String]
    private let runtimeDirectory: RuntimeDirectory
    private let host: LinuxHost
    private let tags: InstanceTags
    private let logger: Logger

    /// From look to look at a volume that is still in use.
    private static let pause: Duration = .milliseconds(250)
    /// What is bound to the volumes, and what mounts them.
    private static let target = "autoheal-data.target"
    private static let agent = "autoheal-agent.service"

    /// From now on signals are caught.
    ///
    /// - Parameter wait: for volumes in use, from when everything was told to stop.
    init(wait: Duration, environment: [String: String], tags: InstanceTags, logging: LoggingConfiguration) {
        self.wait = wait
        self.environment = environment
        self.tags = tags
        logger = logging.logger()
        runtimeDirectory = RuntimeDirectory(environment: environment)
        var signals: TerminationSignals?
        do throws(Errno) { signals = try TerminationSignals() } catch {
            logger.warning("Signals cannot be set up: \(error)")
        }
        host = LinuxHost(signals: signals, runtimeDirectory: runtimeDirectory)
    }

    /// Releases all volumes if the metadata service says that the instance ends, and nothing else.
    @MainActor
    func releaseIfEnding(_ reasons: Set<EndingReason>) async -> ExitStatus {
        guard !reasons.isEmpty else {
            logger.error("Nothing was released: [hand-over] of the configuration file names no reason ('on') to do so")
            return .configuration
        }
        let endpoint: MetadataEndpoint?
        do { endpoint = try MetadataEndpoint.fromEnvironment(environment) } catch {
            logger.error("Nothing was released: \(error)")
            return .configuration
        }
        guard let endpoint else {
            logger.error(
                "Nothing was released: the metadata service is disabled, so nothing tells that the instance ends"
            )
            return .configuration
        }
        let client = MetadataClient(endpoint: endpoint, group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
        let notices = EndingNotices(for: reasons, from: client)
        var unknown: MetadataError?
        for reason in EndingReason.allCases where reasons.contains(reason) {
            do throws(MetadataError) {
                if try await notices.isAnnounced(reason) { return await release(because: reason) }
            } catch {
                unknown = error
            }
        }
        if let unknown {
            logger.error("Nothing was released: it is not known whether the instance ends: \(unknown)")
            return .temporaryFailure
        }
        logger.notice("Nothing was released: the metadata service does not say that this instance ends")
        return .ok
    }

    /// - Parameters:
    ///   - name: a mount point or a volume id; nil for all volumes.
    ///   - ending: nil if a person asked for it.
    @MainActor
    func release(_ name: String? = nil, because ending: EndingReason? = nil) async -> ExitStatus {
        let watch = InstanceWatch(filling: tags, environment: environment, logger: logger)
        let clock = ContinuousClock()
        let start = clock.now
        let reports = runtimeDirectory.reports().filter { report in name.map { report.isOf($0) } ?? true }
        guard !reports.isEmpty || ending != nil else {
            let volumes = name.map { "no volume '\($0.printable)'" } ?? "no volume"
            logger.error("Nothing was released: \(volumes) has been mounted by a run since the boot")
            return .noInput
        }
        do throws(Errno) {
            try runtimeDirectory.write(
                HandOver(
                    ending: ending,
                    mountPoints: reports.map(\.mountPoint),
                    time: Date().timeIntervalSince1970
                )
            )
        } catch {
            logger.error("Nothing was released: \(runtimeDirectory.path) cannot be written: \(error)")
            return .cannotCreate
        }
        // What lies below another one has to go first.
        let volumes =
            reports.compactMap { report in
                VolumeRelease(report, runtimeDirectory: runtimeDirectory).map { Volume(report: report, release: $0) }
            }
            .filter { !$0.report.isReleased || $0.release.isMounted }
            .sorted { $0.depth > $1.depth }
        if let ending { logger.notice("\(ending.announcement): its volumes are released") }
        await stop([Self.target] + volumes.map(\.report.mountPoint) + [Self.agent])
        let (status, lines) = await free(volumes, since: start)
        await watch.settle()
        for line in lines { logger.log(level: line.level, "\(line.message)", metadata: line.metadata) }
        if volumes.isEmpty { logger.notice("There is nothing to release: no volume is mounted") }
        return status
    }

    private struct Volume {
        let report: Report
        let release: VolumeRelease

        var depth: Int { report.mountPoint.split(separator: "/").count }
    }

    private struct Line {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private func stop(_ units: [String]) async {
        let manager = UnitManager()
        // Runs that keep their reports elsewhere are not those of the unit.
        guard manager.isRunning, runtimeDirectory.path == RuntimeDirectory.standardPath else { return }
        for unit in units {
            let clock = ContinuousClock()
            let start = clock.now
            let problem = await manager.stop(unit)
            let metadata: Logger.Metadata = [
                "unit": "\(unit)", "duration_ms": "\(milliseconds(clock.now - start))",
            ]
            if let problem {
                logger.warning("It could not be stopped: \(problem)", metadata: metadata)
            } else {
                logger.info("Stopped", metadata: metadata)
            }
        }
    }

    /// - Returns: the status of the first one that is not released, and the outcome of each.
    private func free(_ volumes: [Volume], since start: ContinuousClock.Instant) async -> (ExitStatus, [Line]) {
        let clock = ContinuousClock()
        let end = clock.now + wait
        var left = volumes
        var lines: [Line] = []
        var status = ExitStatus.ok
        var users: [String: ReleaseAttempt] = [:]
        while !left.isEmpty {
            left.removeAll { volume in
                do throws(HostError) {
                    let attempt = try volume.release.attempt()
                    guard attempt.isReleased else {
                        if users.updateValue(attempt, forKey: volume.report.mountPoint) != attempt, clock.now < end {
                            logger.notice("Waiting: \(attempt.reason)", metadata: metadata(volume))
                        }
                        return false
                    }
                    let report = volume.report.released(attempt, at: Date().timeIntervalSince1970)
                    var metadata = metadata(volume)
                    metadata["outcome"] = "\(report.outcome)"
                    metadata["duration_ms"] = "\(milliseconds(clock.now - start))"
                    do throws(Errno) { try runtimeDirectory.write(report) } catch {
                        logger.warning("The report for 'status' could not be written: \(error)", metadata: metadata)
                    }
                    lines.append(Line(level: .notice, message: attempt.reason, metadata: metadata))
                    return true
                } catch {
                    lines.append(
                        Line(level: .error, message: "Not released: \(error.reason)", metadata: metadata(volume))
                    )
                    if status == .ok { status = error.exitStatus }
                    return true
                }
            }
            guard !left.isEmpty, clock.now < end else { break }
            do throws(VolumeError) { try host.pause(Self.pause) } catch {
                logger.warning("A signal asked to stop: what is not released yet stays mounted")
                return (.temporaryFailure, lines)
            }
        }
        for volume in left {
            let reason = users[volume.report.mountPoint]?.reason ?? ""
            lines.append(
                Line(
                    level: .error,
                    message: """
                        Not released: \(reason) Nothing was killed. End what uses it and run 'autoheal-agent release' again; \
                        'systemctl start autoheal-agent' goes back to work with it.
                        """,
                    metadata: metadata(volume)
                )
            )
        }
        return (status == .ok && !left.isEmpty ? .unavailable : status, lines)
    }

    private func metadata(_ volume: Volume) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "volume.device": "\(volume.report.device)", "volume.mount_point": "\(volume.report.mountPoint)",
        ]
        if let id = volume.report.volumeID { metadata["volume.id"] = "\(id)" }
        return metadata
    }
}

extension Report {
    /// Whether a person means this volume by its mount point or its id.
    fileprivate func isOf(_ name: String) -> Bool {
        if name.hasPrefix("/") { return mountPoint == "/" + name.split(separator: "/").joined(separator: "/") }
        return VolumeID(name).map { "\($0)" == volumeID } ?? false
    }
}
