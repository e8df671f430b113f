/// Where a volume is in its life on this instance, by one look.
package enum VolumePhase: Hashable, Sendable {
    /// No run has ended yet, and none is at work on its device.
    case waiting
    /// A run has found the device: it checks, formats or mounts.
    case starting
    /// The last run did not mount it; why, in words.
    case stopped(ExitStatus, reason: String)
    case mounted(VolumeHealth)
}

/// What is said of a volume to who asks.
package enum HealthVerdict: String, Hashable, Sendable, CaseIterable {
    case waiting
    case starting
    case healthy
    /// Something needs attention, and a new instance would not cure it, or it has been seen only once.
    case degraded
    /// A new instance could cure it, and two looks agree.
    case failed
}
