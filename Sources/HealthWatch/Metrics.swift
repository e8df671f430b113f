import AutohealHealth
import AutohealRun

/// The Prometheus text format, names by its conventions (prometheus.io: "Metric and label naming").
struct Metrics {
    private let snapshot: HealthSnapshot
    private let isLocal: Bool

    init(_ snapshot: HealthSnapshot, isLocal: Bool) {
        self.snapshot = snapshot
        self.isLocal = isLocal
    }

    var text: String {
        var lines: [String] = []
        add("autoheal_volume_ready", "1 if the volume is mounted and can be used now.", to: &lines) {
            $0.state.isReady ? 1 : 0
        }
        head("autoheal_volume_state", "1 for the state that the volume is in.", &lines)
        for (index, volume) in snapshot.volumes.enumerated() {
            for verdict in HealthVerdict.allCases {
                let labels = labels(index, volume, [("state", verdict.rawValue)])
                lines.append("autoheal_volume_state{\(labels)} \(volume.state.verdict == verdict ? 1 : 0)")
            }
        }
        head("autoheal_volume_fault", "1 for each fault that the volume has.", &lines)
        for (index, volume) in snapshot.volumes.enumerated() {
            for fault in volume.state.faults {
                lines.append("autoheal_volume_fault{\(labels(index, volume, [("fault", fault.name)]))} 1")
            }
        }
        add("autoheal_volume_filesystem_errors", "Errors that the kernel has counted in an ext4.", to: &lines) {
            $0.observation?.errors?.value.map { Double($0.count) }
        }
        add("autoheal_volume_read_seconds", "What the last small read past the page cache took, or takes.", to: &lines)
        {
            switch $0.observation?.read.value {
            case .answered(let time)?, .waiting(let time)?: time / .seconds(1)
            default: nil
            }
        }
        add("autoheal_volume_size_bytes", "Size of the file system.", to: &lines) { $0.space.map { Double($0.bytes) } }
        add("autoheal_volume_free_bytes", "Free for everybody.", to: &lines) { $0.space.map { Double($0.bytesFree) } }
        add("autoheal_volume_inodes", "Inodes of the file system.", to: &lines) {
            $0.space.flatMap { $0.inodes > 0 ? Double($0.inodes) : nil }
        }
        add("autoheal_volume_free_inodes", "Free inodes.", to: &lines) {
            $0.space.flatMap { $0.inodes > 0 ? Double($0.inodesFree) : nil }
        }
        add("autoheal_volume_heal_seconds", "What the run took that mounted the volume.", to: &lines) {
            $0.heal?.duration
        }
        head(
            "autoheal_volume_heal_part_seconds",
            "What each part of that took; the rest is looking at the device and its content.",
            &lines
        )
        for (index, volume) in snapshot.volumes.enumerated() {
            for (part, duration) in (volume.heal?.parts ?? [:]).sorted(by: { $0.key < $1.key }) {
                let labels = labels(index, volume, [("part", part)])
                lines.append("autoheal_volume_heal_part_seconds{\(labels)} \(duration)")
            }
        }
        head("autoheal_requirement_met", "1 if what is required beside the volumes is there.", &lines)
        for (index, requirement) in snapshot.requirements.enumerated() {
            let name = isLocal ? [("name", requirement.name)] : []
            let labels = Self.text([("requirement", "\(index + 1)"), ("kind", requirement.kind.rawValue)] + name)
            lines.append("autoheal_requirement_met{\(labels)} \(requirement.state.isMet ? 1 : 0)")
        }
        head("autoheal_looks_total", "Looks at the volumes since the watcher began.", type: "counter", &lines)
        lines.append("autoheal_looks_total \(snapshot.looks)")
        return lines.map { $0 + "\n" }.joined()
    }

    private func head(_ name: String, _ help: String, type: String = "gauge", _ lines: inout [String]) {
        lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"]
    }

    private func add(
        _ name: String,
        _ help: String,
        to lines: inout [String],
        value: (HealthSnapshot.Volume) -> Double?
    ) {
        head(name, help, &lines)
        for (index, volume) in snapshot.volumes.enumerated() {
            guard let value = value(volume) else { continue }
            lines.append("\(name){\(labels(index, volume))} \(value)")
        }
    }

    private func labels(_ index: Int, _ volume: HealthSnapshot.Volume, _ others: [(String, String)] = []) -> String {
        let mountPoint = isLocal ? [("mount_point", volume.mountPoint)] : []
        return Self.text([("volume", "\(index + 1)")] + mountPoint + others)
    }

    private static func text(_ labels: [(String, String)]) -> String {
        labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}

extension HealthSnapshot.Volume {
    fileprivate var space: SpaceUsage? { observation?.space.value }
}
