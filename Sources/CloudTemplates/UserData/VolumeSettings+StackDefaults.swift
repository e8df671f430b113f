package import AutohealSpec

extension VolumeSettings {
    /// What was given, with a name to attach the volume as and a place to mount it at.
    ///
    /// How long to wait is left to the agent's defaults: its unit starts it again, for longer than the attach function
    /// works, and gives up in the end so that the group can replace the instance.
    package var withStackDefaults: VolumeSettings {
        var settings = self
        // AWS, "Device names for volumes": /dev/sd[f-p] are for EBS volumes; on Nitro the agent finds it all the same.
        settings.device = device ?? "/dev/sdf"
        settings.mountPoint = mountPoint ?? "/data"
        return settings
    }
}
