package import AutohealPlan
package import AutohealSpec
package import AutohealState
package import Logging

/// What the engine may ask of a machine.
package protocol Host: Sendable {
    /// A locked device; valid only inside the body that it was handed to.
    associatedtype Device: Sendable

    /// The mount point alone, before any device is known.
    func observeMountPoint(_ spec: VolumeSpec) throws(VolumeError) -> MountPointState

    /// Waits as the specification says; what was seen at each try goes to the log.
    func waitForDevice(_ spec: VolumeSpec, logger: Logger) async throws(VolumeError) -> BlockDevice

    /// Runs `body` under the exclusive lock on the whole device that `device` is or is part of.
    ///
    /// - Parameter purpose: what it is locked for, which says how it is opened.
    func withLock<Result: Sendable>(
        on device: BlockDevice,
        for spec: VolumeSpec,
        purpose: LockPurpose,
        logger: Logger,
        _ body: (Device) async throws(VolumeError) -> Result
    ) async throws(VolumeError) -> Result

    /// Reads the machine. Never changes it. A device on which nothing is recognised may take minutes to read.
    func observe(_ spec: VolumeSpec, _ device: Device, logger: Logger) async throws(VolumeError) -> VolumeState

    /// - Parameter device: nil for the steps that need none (the mount point's own).
    func perform(_ step: Step, _ spec: VolumeSpec, on device: Device?, logger: Logger) async throws(VolumeError)

    /// Throws what ``perform(_:_:on:logger:)`` would throw for a step that cannot be begun; changes nothing.
    func rehearse(_ step: Step, _ spec: VolumeSpec, on device: Device, logger: Logger) async throws(VolumeError)

    /// Who uses a device that another program has open exclusively, as far as that can be found out.
    func closerLook(at device: DeviceState) -> DeviceUse

    /// What is not as wished although the volume is mounted and of use, in complete sentences.
    func remarks(_ spec: VolumeSpec, _ state: VolumeState) -> [String]

    /// Lets time pass, or throws when a signal asks to stop.
    func pause(_ duration: Duration) throws(VolumeError)
}

extension Host {
    package func rehearse(_ step: Step, _ spec: VolumeSpec, on device: Device, logger: Logger) async throws(VolumeError)
    {}
    package func closerLook(at device: DeviceState) -> DeviceUse { device.use }
    package func remarks(_ spec: VolumeSpec, _ state: VolumeState) -> [String] { [] }
}

/// What a device is locked for.
package enum LockPurpose: Hashable, Sendable {
    /// To look: nothing is changed, on the device or at the mount point.
    case look
    /// To mount it as it is: nothing is written to the device.
    case mountReadOnly
    /// To bring it to what is wished.
    case change

    package var mayWrite: Bool { self == .change }
}
