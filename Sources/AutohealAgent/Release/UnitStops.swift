import AutohealHost
import AutohealSpec
import Logging

/// What a release has systemd stop.
struct UnitStops {
    private let runtimeDirectory: RuntimeDirectory
    private let logger: Logger
    private let manager = UnitManager()

    private static let agent = "autoheal-agent.service"

    init(_ runtimeDirectory: RuntimeDirectory, _ logger: Logger) {
        self.runtimeDirectory = runtimeDirectory
        self.logger = logger
    }

    /// Stops the agent's unit, and before it, as one decision of systemd, the target with all that is bound to it; then the
    /// mount units, with what requires those.
    func stop(mountPoints: [String]) async {
        // Runs that keep their reports elsewhere are not those of the unit.
        guard manager.isRunning, runtimeDirectory.path == RuntimeDirectory.standardPath else { return }
        await stop(Self.agent)
        for mountPoint in mountPoints.sorted(by: >) {
            guard let target = mountTarget(of: mountPoint) else { continue }
            await stop(target)
        }
    }

    private func stop(_ unit: String) async {
        let clock = ContinuousClock()
        let start = clock.now
        let problem = await manager.stop(unit)
        let metadata: Logger.Metadata = ["unit": "\(unit)", "duration_ms": "\(milliseconds(clock.now - start))"]
        if let problem {
            logger.warning("It could not be stopped: \(problem)", metadata: metadata)
        } else {
            logger.info("Stopped", metadata: metadata)
        }
    }
}
