import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile
import Logging
import StructuredLogging

extension RunContext {
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

    /// The mounts of fstab(5) are systemd's to begin again.
    func startMounts(at mountPoints: [String]) async {
        for volume in configuration.awaited where mountPoints.contains(volume.spec.mountPoint) {
            let unit = mountUnit(at: volume.spec.mountPoint)
            if let problem = await UnitManager().start(unit) {
                logger(for: volume.spec).warning("\(unit) could not be started: \(problem)")
            }
        }
    }

    /// Waits until the mounts of fstab(5) are there, and for no longer than a try of the unit takes.
    func awaitMounts() async -> [ExitStatus] {
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
                ? "It is mounted by \(unit), its line of fstab"
                : "It is not mounted by \(unit), its line of fstab: 'systemctl status \(unit)' says why",
            metadata: ["exit.status": "\(status.rawValue)"]
        )
    }
}

extension Outcome {
    var isInterrupted: Bool { if case .stopped(.interrupted) = self { true } else { false } }

    /// Whether another try may mend it that does not wait for the volume again.
    fileprivate var mayPass: Bool { exitStatus.mayPass && exitStatus != .noInput && !isInterrupted }
}
