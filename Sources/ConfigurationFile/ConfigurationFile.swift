package import AutohealSpec

/// What config.toml says: one `[[volume]]` table per volume, and the tables `[agent]`, `[health]` and
/// `[hand-over]`, all keys optional but the device; and which instance it is meant for.
///
/// A value that came from a file is right: ``init(parsing:file:)`` takes nothing that ``specs()`` would refuse.
package struct ConfigurationFile: Hashable, Sendable {
    /// The one instance that the file is meant for, if it says so: on another one, which was made from an image of it, the
    /// unit waits for that instance's own.
    package var instanceID: String?
    package var agent: AgentSettings
    package var health: HealthSettings
    package var handOver: HandOverSettings
    package var volumes: [VolumeSettings]

    /// Where the package and the user data put it.
    package static let standardPath = "/etc/autoheal-agent/config.toml"

    package init(
        instanceID: String? = nil,
        agent: AgentSettings = AgentSettings(),
        health: HealthSettings = HealthSettings(),
        handOver: HandOverSettings = HandOverSettings(),
        volumes: [VolumeSettings]
    ) {
        self.instanceID = instanceID
        self.agent = agent
        self.health = health
        self.handOver = handOver
        self.volumes = volumes
    }

    /// The volumes, checked one by one and against each other.
    ///
    /// - Throws: ``ConfigurationFileError`` without lines, if the value was not made from a file.
    package func specs(file: String = standardPath) throws(ConfigurationFileError) -> [VolumeSpec] {
        var reader = TableReader(Outline())
        let specs = check(with: &reader)
        guard reader.problems.isEmpty else {
            throw ConfigurationFileError(file: file, cause: .problems(reader.problems))
        }
        return specs
    }

    /// Reports what cannot be; returns the volumes that can.
    func check(with reader: inout TableReader) -> [VolumeSpec] {
        if let instanceID, !Self.isInstanceID(instanceID) {
            let problem = "is not an id of an instance, such as i-0123456789abcdef0"
            reader.report(
                ConfigurationError(key: TableName.instanceKey, found: instanceID, problem: problem),
                in: .root
            )
        }
        for error in agent.errors { reader.report(error, in: .agent) }
        for error in health.errors { reader.report(error, in: .health) }
        for error in handOver.errors { reader.report(error, in: .handOver) }
        var specs: [(number: Int, spec: VolumeSpec)] = []
        for (index, settings) in volumes.enumerated() {
            do throws(ConfigurationError) {
                let spec = try VolumeSpec(settings)
                for (number, earlier) in specs {
                    if let error = spec.conflict(with: earlier, of: "\(TableName.volume(number))") {
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

    /// Whether a text can be the id of an instance: of EC2's (`i-...`), or of whatever else cloud-init knows.
    package static func isInstanceID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
    }
}
