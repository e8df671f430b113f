package import AutohealCore

/// What config.toml says: one `[[volume]]` table per volume and an `[agent]` table, all keys optional but the device.
///
/// A value that came from a file is right: ``init(parsing:file:)`` takes nothing that ``specs()`` would refuse.
package struct ConfigurationFile: Hashable, Sendable {
    package var agent: AgentSettings
    package var volumes: [VolumeSettings]

    /// Where the package and the user data put it.
    package static let standardPath = "/etc/autoheal-agent/config.toml"

    package init(agent: AgentSettings = AgentSettings(), volumes: [VolumeSettings]) {
        self.agent = agent
        self.volumes = volumes
    }

    /// The volumes, checked one by one and against each other.
    ///
    /// - Throws: ``ConfigurationFileError`` without lines, if the value was not made from a file.
    package func specs(file: String = standardPath) throws(ConfigurationFileError) -> [VolumeSpec] {
        var reader = TableReader(lines: SourceLines())
        let specs = check(with: &reader)
        guard reader.problems.isEmpty else {
            throw ConfigurationFileError(file: file, cause: .problems(reader.problems))
        }
        return specs
    }

    /// Reports what cannot be; returns the volumes that can.
    func check(with reader: inout TableReader) -> [VolumeSpec] {
        for error in agent.errors { reader.report(error, in: .agent) }
        var specs: [(number: Int, spec: VolumeSpec)] = []
        for (index, settings) in volumes.enumerated() {
            do throws(ConfigurationError) {
                let spec = try VolumeSpec(settings)
                for (number, earlier) in specs {
                    if let error = spec.conflict(with: earlier, number: number) {
                        reader.report(error, in: .volume(index + 1))
                    }
                }
                specs.append((index + 1, spec))
            } catch {
                reader.report(error, in: .volume(index + 1))
            }
        }
        return specs.map(\.spec)
    }
}
