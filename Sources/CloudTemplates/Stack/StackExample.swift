package import ConfigurationFile

/// An application on the volume, to try and to start one's own from: its files are in `examples/`.
package enum StackExample: String, CaseIterable, Sendable {
    case postgresql

    /// What the agent is told for it.
    package func configuration() throws -> ConfigurationFile {
        try ConfigurationFile(
            parsing: String(decoding: PackageResources.config_toml, as: UTF8.self),
            file: "examples/\(rawValue)/config.toml"
        )
    }

    /// What installs it, after the agent; without comments, since a template may not be long.
    package func part() throws(GenerationError) -> UserDataPart {
        try UserDataPart(
            name: "\(rawValue).sh",
            content: brief(String(decoding: PackageResources.postgresql_sh, as: UTF8.self))
        )
    }
}
