import ArgumentParser
import ConfigurationFile

/// The flags of the watcher; each wins over its key in the `[health]` table.
struct HealthFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Serve HTTP there; without it nothing listens.",
            discussion: "127.0.0.1:9465 for this machine, 0.0.0.0:9465 or [::]:9465 for others.",
            valueName: "address:port"
        )
    )
    var listen: String?

    @Option(help: ArgumentHelp("Seconds from look to look. (default: 10)", valueName: "seconds"))
    var interval: Double?

    @Option(
        help: ArgumentHelp(
            "Seconds that a check, a format or the start of a service may take before /health calls it failed. (default: 3600)",
            valueName: "seconds"
        )
    )
    var startLimit: Double?

    @Option(
        help: ArgumentHelp(
            "Call a file system nearly full that has less of its bytes or inodes free. (default: 5)",
            valueName: "percent"
        )
    )
    var freePercent: Int?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Units of systemd that have to be active.", valueName: "unit")
    )
    var requireServices: [String] = []

    @Option(
        name: .customLong("require-url"),
        help: ArgumentHelp("A page that has to answer with 200.", valueName: "url")
    )
    var requireURL: String?

    func validate() throws {
        if let error = settings.errors.first { throw ValidationError("--\(error)") }
    }

    var settings: HealthSettings {
        var settings = HealthSettings()
        settings.listen = listen
        settings.interval = interval
        settings.startLimit = startLimit
        settings.freePercent = freePercent
        settings.requireServices = requireServices.isEmpty ? nil : requireServices
        settings.requireURL = requireURL
        return settings
    }
}
