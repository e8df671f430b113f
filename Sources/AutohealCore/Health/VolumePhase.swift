package import AutohealPlan

/// Where a volume is in its life on this instance, by one look.
package enum VolumePhase: Hashable, Sendable {
    /// No run has ended yet, and none is at work on its device.
    case waiting
    /// A run has found the device: it checks, formats or mounts.
    case starting
    /// The last run did not mount it; why, in words; and how what an earlier one has mounted is, if that is still there.
    case stopped(ExitStatus, reason: String, mounted: VolumeHealth?)
    case mounted(VolumeHealth)
    /// It is being released: what uses it is stopped, and it may be unmounted already.
    case releasing
    /// It was released; why, in words.
    case released(reason: String)

    /// Whether it is about what no run has mounted.
    var saysOfNoMount: Bool {
        switch self {
        case .waiting, .stopped(_, _, mounted: nil): true
        default: false
        }
    }
}

/// What is said of a volume to who asks.
package enum HealthVerdict: String, Hashable, Sendable, CaseIterable {
    case waiting
    case starting
    case healthy
    /// It is no longer for this instance, and not yet free.
    case releasing
    /// It may be detached.
    case released
    /// Something needs attention, and a new instance would not cure it, or it has been seen only once.
    case degraded
    /// A new instance could cure it, and two looks agree.
    case failed
}
