import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile
import Logging
import StructuredLogging
import SystemPackage

extension RunContext {
    /// Does for mount(8) what the unit does for the configuration file, all of its tries in one run, and leaves for other units
    /// whether the volume is still awaited.
    ///
    /// - Parameters:
    ///   - isStarted: whether systemd starts the unit, and no person mounts by hand.
    ///   - isLine: whether fstab(5) has it now; what was asked for by hand alone is nobody else's.
    ///   - announces: whether the agent's unit is told, which waits for the mount.
    @MainActor
    func mount(_ volume: FstabVolume, unit: String, isStarted: Bool, announces: Bool, isLine: () -> Bool) async
        -> Outcome
    {
        let logger = logger(for: volume.spec)
        do throws(HostError) {
            if isStarted { try refuseReleased(volume.spec.mountPoint) }
            _ = try takeBack([volume.spec.mountPoint])
        } catch {
            logger.error("\(error.reason)", metadata: ["exit.status": "\(error.exitStatus.rawValue)"])
            return .stopped(.failed(error))
        }
        let watch = InstanceWatch(filling: tags, environment: configuration.environment, logger: logging.logger())
        // From now on, whatever ends this process: only its success, or a stop of the unit, says that nobody waits any more.
        let wasAwaited = runtimeDirectory.isAwaited(unit)
        let wasLine = isLine()
        var hold = wasLine ? runtimeDirectory.holdAwaited(unit) : nil
        func letGo() {
            try? hold?.close()
            hold = nil
        }
        defer { letGo() }
        do {
            let text = ConfigurationFile(volumes: [volume.settings]).text
            if wasLine { try runtimeDirectory.writeFstabVolume(text, at: volume.spec.mountPoint) }
        } catch {
            warnOfNote(error)
        }
        // Beside the work; nothing depends on it here.
        let begin = ContinuousClock.now
        async let announcement: Void = wasLine && announces ? MountBeginning.announce() : ()
        let outcome = await report(on: volume.spec, watch, isWished: isLine) {
            let outcome = await tries(volume.spec, logger)
            guard isLine() else {
                // The line that this run was for says something else by now, and who acts on that says what is awaited.
                return outcome
            }
            await setIsAwaited(unit, after: outcome, isStarted, wasAwaited)
            // From here on what arrives starts the unit again; what has come since the last look was announced to nobody.
            letGo()
            guard outcome.exitStatus == .noInput else { return outcome }
            var once = volume.spec
            once.tries = 1
            once.interval = .zero
            let last = await Engine(host: host, logger: logger).mount(once)
            guard last.exitStatus != .noInput else { return outcome }
            await setIsAwaited(unit, after: last, isStarted, wasAwaited)
            return last
        }
        await announcement
        // By now the unit may have given it up, and the target with it.
        if wasLine, announces, outcome.exitStatus == .ok, ContinuousClock.now - begin > Self.patience {
            await MountBeginning.announce()
        }
        // A unit that waits for the mount says by itself what it came to.
        let agent = AgentUnit(runtimeDirectory)
        if announces, isLine(), !isStarted || !agent.isBegun { await agent.announce() }
        return outcome
    }

    /// All the tries of the unit in one.
    private func tries(_ spec: VolumeSpec, _ logger: Logger) async -> Outcome {
        let engine = Engine(host: host, logger: logger)
        let clock = ContinuousClock()
        let end = clock.now + spec.deadline
        var outcome = await engine.mount(spec)
        var said: String?
        // Another run that is at work, such as one that was stopped in a check, may take longer, and mounts nothing.
        while outcome.mayPass, clock.now < end || outcome.isLocked && runtimeDirectory.isLocked(spec.mountPoint) {
            // What has been said once is on the console, and there is room for little.
            logger.log(
                level: outcome.reason == said ? .info : .warning,
                "\(outcome.reason) It is tried again in \(Self.pause)."
            )
            said = outcome.reason
            do throws(VolumeError) { try host.pause(Self.pause) } catch { return .stopped(error) }
            var rest = spec
            rest.tries = max(1, Int(((end - clock.now) / rest.interval).rounded(.up)))
            outcome = await engine.mount(rest)
        }
        return outcome
    }

    /// A service that needs the mount point pulls its unit in: that is not a person who takes a released volume back.
    private func refuseReleased(_ mountPoint: String) throws(HostError) {
        guard let handOver = runtimeDirectory.handOver, handOver.mountPoints.contains(mountPoint) else { return }
        throw HostError(
            "mount",
            mountPoint,
            .text("the volume was released"),
            exitStatus: .unavailable,
            advice: "'mount \(mountPoint)' or 'systemctl start autoheal-agent' takes it back."
        )
    }

    /// Leaves for a volume that arrives later whether its unit is to be started. A person's run that was stopped leaves it as it
    /// was. One of the unit cannot tell a stop of the unit from being struck itself, and systemd can.
    private func setIsAwaited(_ unit: String, after outcome: Outcome, _ isStarted: Bool, _ wasAwaited: Bool) async {
        var isAwaited = outcome.exitStatus != .ok
        if outcome.isInterrupted {
            let units = UnitManager()
            let state = await units.activeState(of: unit)
            let isStopped = if state == "failed" { await units.wasMountStopped(unit) } else { state != "activating" }
            isAwaited = isStarted ? !isStopped : wasAwaited
        }
        runtimeDirectory.setIsAwaited(unit, isAwaited)
    }

    /// Between two tries, as the unit has it (RestartSec=).
    private static let pause: Duration = .seconds(5)

    /// The mounts of fstab(5) are systemd's to begin again.
    func startMounts(at mountPoints: [String]) async {
        for volume in configuration.awaited where mountPoints.contains(volume.spec.mountPoint) {
            await startMount(volume)
        }
    }

    private func startMount(_ volume: FstabVolume) async {
        let unit = mountUnit(at: volume.spec.mountPoint)
        if let problem = await UnitManager().start(unit) {
            logger(for: volume.spec).warning("\(unit) could not be started: \(problem)")
        }
    }

    /// Starts the mounts of fstab(5) that systemd has left out: one below another, when that had failed. What was begun and is
    /// not there has failed by itself, or a person has unmounted it.
    private func startMountsLeftOut() async {
        let units = UnitManager()
        guard units.isRunning else { return }
        for volume in configuration.awaited where status(of: volume.spec.mountPoint) != .ok {
            guard await !units.hasBegun(mountUnit(at: volume.spec.mountPoint)) else { continue }
            await startMount(volume)
        }
    }

    /// Waits until the mounts of fstab(5) are there, and for no longer than a try of the unit takes, unless one is being made:
    /// a check or a format has the time that it needs, as it has in a try of the unit.
    func awaitMounts() async -> [ExitStatus] {
        let clock = ContinuousClock()
        let end = clock.now + Self.patience
        var before: [ExitStatus] = []
        while true {
            let statuses = configuration.awaited.map { status(of: $0.spec.mountPoint) }
            if statuses != before { await startMountsLeftOut() }
            before = statuses
            let isAtWork = zip(configuration.awaited, statuses).contains { volume, status in
                status != .ok && runtimeDirectory.isLocked(volume.spec.mountPoint)
            }
            guard statuses.contains(where: { $0 != .ok }), clock.now < end || isAtWork else {
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
                ? "It is mounted by \(unit), its line of fstab"
                : "It is not mounted by \(unit), its line of fstab: 'systemctl status \(unit)' says why",
            metadata: ["exit.status": "\(status.rawValue)"]
        )
    }
}

extension Outcome {
    var isInterrupted: Bool { if case .stopped(.interrupted) = self { true } else { false } }

    fileprivate var isLocked: Bool { if case .stopped(.refused(.lockTimeout)) = self { true } else { false } }

    /// Whether another try may mend it that does not wait for the volume again.
    fileprivate var mayPass: Bool { exitStatus.mayPass && exitStatus != .noInput && !isInterrupted }
}
