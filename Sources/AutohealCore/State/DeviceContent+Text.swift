import AutohealSpec

extension DeviceContent {
    /// How much of a device that is called blank was read; nil for any other.
    package var coverageText: String? {
        if case .blank(let coverage, _) = self { "\(coverage) read, every byte zero" } else { nil }
    }

    /// One word for listings.
    package var name: String {
        switch self {
        case .blank: "blank"
        case .interruptedFormat: "interrupted-format"
        case .filesystem: "filesystem"
        case .partitionTable: "partition-table"
        case .other: "other"
        case .ambivalent: "ambivalent"
        case .damaged: "damaged"
        case .unrecognised: "unrecognised"
        case .unknownData: "unknown-data"
        case .unreadable, .shortRead: "unreadable"
        }
    }

    package var isReadable: Bool {
        switch self {
        case .unreadable, .shortRead: false
        default: true
        }
    }
}

extension VolumeState {
    /// What was found, for people.
    package var summary: String {
        let content: String
        switch device.content {
        case nil: content = "in use"
        case .filesystem(let filesystem):
            content =
                "\(filesystem.type)" + (filesystem.label.map { ", label '\($0)'" } ?? "")
                + (filesystem.uuid.map { ", UUID \($0)" } ?? "")
        case .blank(let coverage, let isMarked):
            content =
                "blank (read: \(coverage))" + (isMarked ? ", with the marker of a format that wrote nothing else" : "")
        case .some(let other): content = other.name
        }
        return "\(device.node) (\(describe(bytes: device.size))): \(content)".printable
    }
}
