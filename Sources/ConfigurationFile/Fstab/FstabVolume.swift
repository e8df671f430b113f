package import AutohealSpec

/// A volume that a line of fstab(5) wishes: the same settings as a `[[volume]]` table has, written as
/// `VOLUME-ID MOUNT-POINT autoheal autoheal.KEY=VALUE,OTHER-OPTIONS`.
package struct FstabVolume: Hashable, Sendable {
    package let entry: FstabEntry
    package let settings: VolumeSettings
    package let spec: VolumeSpec

    /// - Parameter file: its name in messages.
    /// - Throws: all that is wrong with the line.
    package init(_ entry: FstabEntry, file: String) throws(ConfigurationFileError) {
        var reader = FstabOptions()
        let settings = reader.settings(of: entry)
        var problems = reader.problems
        if problems.isEmpty {
            do throws(ConfigurationError) {
                let spec = try VolumeSpec(settings)
                (self.entry, self.settings, self.spec) = (entry, settings, spec)
                return
            } catch {
                var error = error
                if FstabOptions.keys.contains(where: { $0.rawValue == error.key }) {
                    error.key = FstabOptions.prefix + error.key
                }
                problems = ["\(error)"]
            }
        }
        throw ConfigurationFileError(file: file, cause: .problems(problems.map(entry.problem)))
    }

    /// The name that udev gives a volume on Nitro: the id finds it without, and it is what there is to say of it.
    package static func device(of id: VolumeID) -> String {
        "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_" + id.description.filter { $0 != "-" }
    }
}

extension FstabEntry {
    func problem(_ text: String) -> ConfigurationProblem {
        ConfigurationProblem(line: nil, table: "'\(self.text)'", text: text)
    }
}
