package import AutohealPlan
package import AutohealRun
package import AutohealSpec
package import AutohealState
package import Logging
import Synchronization

/// A machine made of one value: performing a step changes the value as the real step changes the machine.
package final class SimulatedHost: Host {
    package struct Device: Sendable {}

    private let machine: Mutex<VolumeState>
    private let log = Mutex<[Step]>([])
    private let failing: @Sendable (Step) -> VolumeError?

    /// - Parameter failing: the error that a step ends in, instead of changing anything.
    package init(_ state: VolumeState, failing: @escaping @Sendable (Step) -> VolumeError? = { _ in nil }) {
        machine = Mutex(state)
        self.failing = failing
    }

    package var state: VolumeState { machine.withLock { $0 } }
    package var performed: [Step] { log.withLock { $0 } }

    package func observeMountPoint(_ spec: VolumeSpec) throws(VolumeError) -> MountPointState { state.mountPoint }

    package func waitForDevice(_ spec: VolumeSpec, logger: Logger) async throws(VolumeError) -> BlockDevice {
        let device = state.device
        return BlockDevice(node: device.node, number: device.number, size: device.size)
    }

    package func withLock<Result: Sendable>(
        on device: BlockDevice,
        for spec: VolumeSpec,
        purpose: LockPurpose,
        logger: Logger,
        _ body: (Device) async throws(VolumeError) -> Result
    ) async throws(VolumeError) -> Result {
        try await body(Device())
    }

    package func observe(_ spec: VolumeSpec, _ device: Device, logger: Logger) async throws(VolumeError) -> VolumeState
    { state }

    package func pause(_ duration: Duration) throws(VolumeError) {}

    package func perform(
        _ step: Step,
        _ spec: VolumeSpec,
        on device: Device?,
        logger: Logger
    ) async throws(VolumeError) {
        if let error = failing(step) { throw error }
        log.withLock { $0.append(step) }
        machine.withLock { Self.apply(step, to: &$0) }
    }

    private static func apply(_ step: Step, to state: inout VolumeState) {
        switch step {
        case .createMountPoint:
            state.mountPoint = .directory(isEmpty: true, isProtected: false)
        case .protectMountPoint:
            state.mountPoint = .directory(isEmpty: true, isProtected: true)
        case .unmount:
            state.mountPoint = .directory(isEmpty: true, isProtected: true)
        case .format(let format):
            state.device.content = .filesystem(
                .init(type: .ext4, label: format.label, uuid: format.uuid.text, size: state.device.size)
            )
        case .finishFormat:
            guard case .filesystem(var filesystem) = state.device.content else { return }
            filesystem.leftoverMarker = nil
            state.device.content = .filesystem(filesystem)
        case .check: break
        case .mount(let type, let options):
            guard case .filesystem(let filesystem) = state.device.content else { return }
            state.mountPoint = .mounted(
                .init(
                    source: state.device.node,
                    number: state.device.number,
                    type: type,
                    isReadOnly: options.isReadOnly,
                    filesystemSize: filesystem.size ?? (256 << 20)
                )
            )
            state.device.use = .mounted(at: ["/data"])
            state.device.content = nil
        case .grow(_, _, let size):
            guard case .mounted(var mount) = state.mountPoint else { return }
            mount.filesystemSize = size
            state.mountPoint = .mounted(mount)
        }
    }
}

/// A logger that drops everything.
package func silentLogger() -> Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
