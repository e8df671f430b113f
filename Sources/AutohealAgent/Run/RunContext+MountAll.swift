import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile
import EventLoopTasks
import Logging
import NIOCore
import NIOPosix
import StructuredLogging

extension RunContext {
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

    func warnOfNote(_ error: any Error) {
        logging.logger().warning(
            "The configuration could not be noted for 'status'",
            metadata: ["directory": "\(runtimeDirectory.path)", "error": "\(error)"]
        )
    }
}
