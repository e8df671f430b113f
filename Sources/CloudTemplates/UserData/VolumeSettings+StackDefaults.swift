package import AutohealCore

extension VolumeSettings {
    /// Seconds the agent waits for its volume: longer than the attach function works, which gives up after 15 minutes.
    private static let patience = 1200.0

    /// What was given, and for the rest what suits a volume that a function attaches after the boot has begun.
    package var withStackDefaults: VolumeSettings {
        var settings = self
        // AWS, "Device names for volumes": /dev/sd[f-p] are for EBS volumes; on Nitro the agent finds it all the same.
        settings.device = device ?? "/dev/sdf"
        settings.mountPoint = mountPoint ?? "/data"
        if tries == nil {
            let interval = interval ?? 10
            settings.interval = interval
            let tries = (Self.patience / max(interval, 0.1)).rounded(.up)
            settings.tries = tries.isFinite ? Int(tries) : nil
        }
        return settings
    }
}
