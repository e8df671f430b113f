import AutohealSpec

/// What fstab(5) says, as far as it concerns our volumes.
package struct Fstab: Hashable, Sendable {
    /// As it is named, for messages.
    package var file: String
    package var entries: [FstabEntry]
    /// Numbers of lines that are none, from 1.
    package var unreadableLines: [Int]

    package init(file: String, entries: [FstabEntry], unreadableLines: [Int] = []) {
        self.file = file
        self.entries = entries
        self.unreadableLines = unreadableLines
    }

    /// Our lines that are right; what is wrong with the others, ``problems(beside:named:)`` says.
    package var volumes: [FstabVolume] {
        ours.compactMap { entry in try? FstabVolume(entry, file: file) }
    }

    /// Whether one of our lines is a volume.
    package func reads(_ entry: FstabEntry) -> Bool { (try? FstabVolume(entry, file: file)) != nil }

    package var ours: [FstabEntry] { entries.filter(\.isOurs) }

    /// All that is wrong with our lines, by themselves, with each other, with others' lines, and with the volumes of a
    /// configuration file.
    package func problems(
        beside configuration: ConfigurationFile? = nil,
        named name: String = ConfigurationFile.standardPath
    ) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        var earlier: [(name: String, spec: VolumeSpec, isOrdered: Bool)] = []
        for (index, settings) in (configuration?.volumes ?? []).enumerated() {
            guard let spec = try? VolumeSpec(settings) else { continue }
            earlier.append(("\(TableName.volume(index + 1)) of \(name)", spec, false))
        }
        for entry in ours {
            problems += Self.omissions(in: entry).map(entry.problem)
            do throws(ConfigurationFileError) {
                let spec = try FstabVolume(entry, file: file).spec
                for other in earlier {
                    let error = spec.conflict(with: other.spec, of: other.name, isOrdered: other.isOrdered)
                    if let error { problems.append(entry.problem("\(error)")) }
                }
                earlier.append(("the line '\(entry.text)'", spec, true))
                for other in entries where !other.isOurs && Self.path(other.mountPoint) == spec.mountPoint {
                    problems.append(
                        entry.problem(
                            "The line '\(other.text)' mounts something else at \(spec.mountPoint), or the same past the agent: "
                                + "remove it."
                        )
                    )
                }
            } catch {
                if case .problems(let found) = error.cause { problems += found }
            }
        }
        return problems
    }

    /// What is said of a line that libmount cannot make sense of.
    package static let unreadable =
        "warning: mount(8) cannot read this line, and ignores it, while systemd may mount it: VOLUME-ID MOUNT-POINT autoheal "
        + "OPTIONS 0 0, and no comment behind them."

    /// What may be as it is and is better otherwise, in complete sentences.
    package func warnings(beside configuration: ConfigurationFile? = nil) -> [String] {
        var warnings: [String] = []
        for entry in ours where entry.passNumber > 0 {
            warnings.append(
                "'\(entry.text)': the last field is \(entry.passNumber), and there is no fsck.autoheal: make it 0, since the "
                    + "agent checks the volume itself."
            )
        }
        let mountPoints = (configuration?.volumes ?? []).compactMap { try? VolumeSpec($0).mountPoint }
        for entry in entries where !entry.isOurs && mountPoints.contains(Self.path(entry.mountPoint)) {
            warnings.append(
                "'\(entry.text)' is for the mount point of a [[volume]]: RequiresMountsFor= of a service, 'mount -a' or a boot "
                    + "may mount it past the agent. Remove it."
            )
        }
        return warnings
    }

    /// Options without which a boot goes wrong, and those with which no mount can be.
    private static func omissions(in entry: FstabEntry) -> [String] {
        var omissions: [String] = []
        if entry.isAutomatic, !entry.has("nofail") {
            omissions.append(
                "nofail is missing: without it a boot whose volume does not come ends in emergency mode (local-fs.target "
                    + "requires the mount). Add it."
            )
        }
        let limit = entry.value(of: "x-systemd.mount-timeout")
        if !["infinity", "0"].contains(limit) {
            omissions.append(
                limit == nil
                    ? "x-systemd.mount-timeout=infinity is missing: without it systemd ends the mount after 90 s, while the "
                        + "volume is waited for, checked or formatted. Add it."
                    : "x-systemd.mount-timeout must be infinity: systemd ends the mount after the time that it says, while the "
                        + "volume is waited for, checked or formatted."
            )
        }
        if entry.has("x-systemd.automount") {
            omissions.append(
                "x-systemd.automount puts an autofs at the mount point, which the agent would have to mount over. Remove it: "
                    + "with nofail nothing but the services on the volume waits for it."
            )
        }
        return omissions
    }

    private static func path(_ text: String) -> String { "/" + text.split(separator: "/").joined(separator: "/") }
}
