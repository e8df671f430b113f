package import AutohealPlan
package import AutohealRun
package import AutohealSpec
package import AutohealState
package import Logging
import Synchronization
import SystemPackage

/// A machine on which every step succeeds and changes nothing.
package struct LyingHost: Host {
    private let state: VolumeState

    package init(state: VolumeState) { self.state = state }

    package func observeMountPoint(_ spec: VolumeSpec) throws(VolumeError) -> MountPointState { state.mountPoint }

    package func waitForDevice(_ spec: VolumeSpec, logger: Logger) async throws(VolumeError) -> BlockDevice {
        BlockDevice(node: state.device.node, number: state.device.number, size: state.device.size)
    }

    package func withLock<Result: Sendable>(
        on device: BlockDevice,
        for spec: VolumeSpec,
        purpose: LockPurpose,
        logger: Logger,
        _ body: (Int) async throws(VolumeError) -> Result
    ) async throws(VolumeError) -> Result {
        try await body(0)
    }

    package func observe(_ spec: VolumeSpec, _ device: Int, logger: Logger) async throws(VolumeError) -> VolumeState {
        state
    }

    package func perform(_ step: Step, _ spec: VolumeSpec, on device: Int?, logger: Logger) async throws(VolumeError) {}

    package func pause(_ duration: Duration) throws(VolumeError) {}
}

/// A machine whose device cannot be read the first few times.
package final class FlakyHost: Host {
    private let good: VolumeState
    private let failures: Mutex<Int>

    package init(good: VolumeState, failures: Int) {
        self.good = good
        self.failures = Mutex(failures)
    }

    package func observeMountPoint(_ spec: VolumeSpec) throws(VolumeError) -> MountPointState { good.mountPoint }

    package func waitForDevice(_ spec: VolumeSpec, logger: Logger) async throws(VolumeError) -> BlockDevice {
        BlockDevice(node: good.device.node, number: good.device.number, size: good.device.size)
    }

    package func withLock<Result: Sendable>(
        on device: BlockDevice,
        for spec: VolumeSpec,
        purpose: LockPurpose,
        logger: Logger,
        _ body: (Int) async throws(VolumeError) -> Result
    ) async throws(VolumeError) -> Result {
        try await body(0)
    }

    package func observe(_ spec: VolumeSpec, _ device: Int, logger: Logger) async throws(VolumeError) -> VolumeState {
        var state = good
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if fails { state.device.content = .unreadable(.ioError, offset: 0) }
        return state
    }

    package func perform(_ step: Step, _ spec: VolumeSpec, on device: Int?, logger: Logger) async throws(VolumeError) {}

    package func pause(_ duration: Duration) throws(VolumeError) {}
}

/// A machine on which something else is faster, the first few times that it is to be checked.
package final class OvertakenHost: Host {
    private let machine: SimulatedHost
    private let rounds: Int
    private let count = Mutex(0)

    package init(_ state: VolumeState, rounds: Int) {
        machine = SimulatedHost(state)
        self.rounds = rounds
    }

    /// How often the check was begun.
    package var attempts: Int { count.withLock { $0 } }

    package func observeMountPoint(_ spec: VolumeSpec) throws(VolumeError) -> MountPointState {
        try machine.observeMountPoint(spec)
    }

    package func waitForDevice(_ spec: VolumeSpec, logger: Logger) async throws(VolumeError) -> BlockDevice {
        try await machine.waitForDevice(spec, logger: logger)
    }

    package func withLock<Result: Sendable>(
        on device: BlockDevice,
        for spec: VolumeSpec,
        purpose: LockPurpose,
        logger: Logger,
        _ body: (SimulatedHost.Device) async throws(VolumeError) -> Result
    ) async throws(VolumeError) -> Result {
        try await machine.withLock(on: device, for: spec, purpose: purpose, logger: logger, body)
    }

    package func observe(_ spec: VolumeSpec, _ device: SimulatedHost.Device, logger: Logger) async throws(VolumeError)
        -> VolumeState
    {
        try await machine.observe(spec, device, logger: logger)
    }

    package func perform(
        _ step: Step,
        _ spec: VolumeSpec,
        on device: SimulatedHost.Device?,
        logger: Logger
    ) async throws(VolumeError) {
        if step.name == "check" {
            let attempt = count.withLock { count in
                count += 1
                return count
            }
            if attempt <= rounds { throw .superseded("e2fsck: /dev/xvdb is mounted.") }
        }
        try await machine.perform(step, spec, on: device, logger: logger)
    }

    package func pause(_ duration: Duration) throws(VolumeError) {}
}
