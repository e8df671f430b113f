import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import EventLoopTasks
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
    /// What is configured, so that a volume is found that no report tells of.
    let specs: [VolumeSpec]
    let configurationFile: String?
    private let environment: [String: String]
    let runtimeDirectory: RuntimeDirectory
    let host: LinuxHost
    let tags: InstanceTags
    let logger: Logger

    /// From look to look at what another process has to let go.
    private static let pause: Duration = .milliseconds(250)
    /// After the wait, for what has not come back: a device may hang.
    private static let grace: Duration = .seconds(10)

    /// From now on signals are caught.
    ///
    /// - Parameter wait: for volumes in use, from when everything has stopped.
    init(
        wait: Duration,
        specs: [VolumeSpec],
        configurationFile: String?,
        environment: [String: String],
        tags: InstanceTags,
        logging: LoggingConfiguration
    ) {
        self.wait = wait
        self.specs = specs
        self.configurationFile = configurationFile
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
    ///
    /// - Parameter reasons: those that the configuration names; nil if it cannot be read.
    @MainActor
    func releaseIfEnding(_ reasons: Set<EndingReason>?) async -> ExitStatus {
        if let reasons, reasons.isEmpty {
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
        let notices = EndingNotices(for: reasons ?? Set(EndingReason.allCases), from: client)
        var unknown: MetadataError?
        for reason in EndingReason.allCases where notices.reasons.contains(reason) {
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
        let known = candidates(name)
        guard !known.isEmpty || ending != nil else {
            let volumes = name.map { "no volume '\($0.printable)'" } ?? "no volume"
            logger.error("Nothing was released: \(volumes) is configured or has been mounted by a run since the boot")
            return .noInput
        }
        let hold: HandOverHold
        do throws(VolumeError) { hold = try await takeHold() } catch {
            logger.error("Nothing was released: \(Outcome.stopped(error).reason)")
            return Outcome.stopped(error).exitStatus
        }
        do throws(Errno) {
            try hold.note(
                HandOver(
                    ending: ending,
                    mountPoints: known.map(\.mountPoint),
                    time: Date().timeIntervalSince1970
                )
            )
        } catch {
            logger.error(
                "Nothing was released: \(runtimeDirectory.path) cannot be written: \(error). Make room there, and run it again"
            )
            return .cannotCreate
        }
        if let ending { logger.notice("\(ending.announcement): its volumes are released") }
        await UnitStops(runtimeDirectory, logger).stop(mountPoints: known.map(\.mountPoint))
        // What was still being mounted has a report now.
        let volumes = await volumes(name)
        await watch.settle()
        let ends = await free(volumes, because: runtimeDirectory.handOver?.ending)
        if volumes.isEmpty { logger.notice("There is nothing to release: no volume is mounted") }
        if ends.allSatisfy(\.isReleased) {
            do throws(Errno) { try hold.noteDone() } catch {
                logger.warning("That nothing is left to release could not be noted: \(error)")
            }
            await announce()
        }
        return ends.map(\.status).first { $0 != .ok } ?? .ok
    }

    /// Waits for another release.
    private func takeHold() async throws(VolumeError) -> HandOverHold {
        let clock = ContinuousClock()
        let end = clock.now + wait
        while true {
            do throws(Errno) {
                if let hold = try runtimeDirectory.holdHandOver() { return hold }
            } catch {
                throw .failed(HostError("lock", runtimeDirectory.path, .errno(error), exitStatus: .cannotCreate))
            }
            guard clock.now < end else { throw .refused(.lockTimeout(holder: "another release")) }
            try host.pause(Self.pause)
        }
    }

    /// Frees volumes side by side, those below another one before that.
    ///
    /// - Returns: how each chain of them ended.
    @MainActor
    private func free(_ volumes: [ReleasedVolume], because ending: EndingReason?) async -> [ReleaseEnd] {
        let chains = ReleasedVolume.chains(volumes)
        guard !chains.isEmpty else { return [] }
        let clock = ContinuousClock()
        let end = clock.now + wait
        let results = ReleaseResults()
        // A thread for each: a device that hangs holds up nobody but what is mounted on it.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: chains.count)
        for (index, chain) in chains.enumerated() {
            Task(executorPreference: EventLoopTaskExecutor(group.next())) { @concurrent in
                results.put(await free(chain, until: end, because: ending), at: index)
            }
        }
        var isAsked = false
        while results.count < chains.count, clock.now < (isAsked ? clock.now : end + Self.grace) {
            do throws(VolumeError) { try host.pause(.milliseconds(20)) } catch {
                // They hear of it too, unless they hang.
                isAsked = true
                _ = try? await clock.sleep(for: .milliseconds(500))
            }
        }
        let ends = results.all
        for (index, chain) in chains.enumerated() where ends[index] == nil {
            for volume in chain {
                logger.error(
                    """
                    Not released: an attempt has not come back in time, as when a device hangs. Look at the kernel log and at \
                    the volume's status checks in EC2
                    """,
                    metadata: volume.metadata
                )
            }
        }
        return chains.indices.map { ends[$0] ?? ReleaseEnd(status: .unavailable, isReleased: false) }
    }

    private func free(
        _ chain: [ReleasedVolume],
        until end: ContinuousClock.Instant,
        because ending: EndingReason?
    ) async -> ReleaseEnd {
        let start = ContinuousClock.now
        var status = ExitStatus.ok
        for volume in chain {
            // What lies above one that is not free is not free either.
            let volumeEnd = free(volume, until: end, since: start, because: ending)
            guard volumeEnd.isReleased else { return volumeEnd }
            if status == .ok { status = volumeEnd.status }
        }
        return ReleaseEnd(status: status, isReleased: true)
    }

    private func free(
        _ volume: ReleasedVolume,
        until end: ContinuousClock.Instant,
        since start: ContinuousClock.Instant,
        because ending: EndingReason?
    ) -> ReleaseEnd {
        let clock = ContinuousClock()
        var volume = volume
        var said: ReleaseAttempt?
        while true {
            do throws(HostError) {
                guard let attempt = try release(of: volume.report)?.attempt() else {
                    return ReleaseEnd(status: .ok, isReleased: true)
                }
                noteLoss(attempt, &volume)
                if attempt.isReleased {
                    say(attempt, volume, since: start, because: ending)
                    return ReleaseEnd(status: attempt.loss == nil ? .ok : .ioError, isReleased: true)
                }
                guard clock.now < end else {
                    let next =
                        ending == nil
                        ? "'systemctl start autoheal-agent' goes back to work with it."
                        : "The watcher has it tried again."
                    logger.error(
                        "Not released: \(attempt.reason) \(attempt.advice) \(next)",
                        metadata: volume.metadata
                    )
                    return ReleaseEnd(status: .unavailable, isReleased: false)
                }
                if attempt != said { logger.notice("Waiting: \(attempt.reason)", metadata: volume.metadata) }
                said = attempt
            } catch {
                logger.error("Not released: \(error.reason)", metadata: volume.metadata)
                return ReleaseEnd(status: error.exitStatus, isReleased: false)
            }
            do throws(VolumeError) { try host.pause(Self.pause) } catch {
                logger.warning("Not released: a signal asked to stop", metadata: volume.metadata)
                return ReleaseEnd(status: .temporaryFailure, isReleased: false)
            }
        }
    }

    /// The kernel tells it once: it is said, and kept for whoever releases the volume in the end.
    private func noteLoss(_ attempt: ReleaseAttempt, _ volume: inout ReleasedVolume) {
        guard let lost = attempt.lost?.rawValue, volume.report.lostWrites == nil else { return }
        volume.report.lostWrites = lost
        if !attempt.isReleased, let loss = attempt.loss { logger.error("\(loss)", metadata: volume.metadata) }
        write(volume.report, volume)
    }

    private func write(_ report: Report, _ volume: ReleasedVolume) {
        do throws(Errno) { try runtimeDirectory.write(report) } catch {
            logger.warning("The report for 'status' could not be written: \(error)", metadata: volume.metadata)
        }
    }

    private func say(
        _ attempt: ReleaseAttempt,
        _ volume: ReleasedVolume,
        since start: ContinuousClock.Instant,
        because ending: EndingReason?
    ) {
        let report = volume.report.released(attempt, because: ending, at: Date().timeIntervalSince1970)
        write(report, volume)
        var metadata = volume.metadata
        metadata["outcome"] = "\(report.outcome)"
        metadata["duration_ms"] = "\(milliseconds(ContinuousClock.now - start))"
        let sentences = [attempt.reason, attempt.loss].compactMap(\.self).joined(separator: " ")
        logger.log(level: attempt.loss == nil ? .notice : .error, "\(sentences)", metadata: metadata)
    }
}
