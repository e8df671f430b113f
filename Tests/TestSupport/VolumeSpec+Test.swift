package import AutohealSpec

extension VolumeSpec {
    /// A specification with everything at its default but what `change` sets.
    package static func test(_ change: (inout VolumeSettings) -> Void = { _ in }) throws(ConfigurationError)
        -> VolumeSpec
    {
        var settings = VolumeSettings()
        settings.device = "/dev/xvdb"
        change(&settings)
        return try VolumeSpec(settings)
    }
}
