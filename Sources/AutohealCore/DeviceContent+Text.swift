extension DeviceContent {
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

    /// What is said of a content that is neither mounted nor formatted.
    package var refusal: Refusal? {
        switch self {
        case .blank, .interruptedFormat, .filesystem: nil
        case .partitionTable(let table): .partitionTable(table)
        case .other(let signature): .notAFilesystem(signature)
        case .ambivalent(let signatures): .ambivalent(signatures)
        case .damaged(let damage): .damaged(damage)
        case .unknownData(let offset): .unknownData(offset: offset)
        case .unreadable(let errno, let offset): .unreadable(errno, offset: offset)
        case .shortRead(let offset): .shortRead(offset: offset)
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
        case .some(let other): content = other.name
        }
        return "\(device.node) (\(describe(bytes: device.size))): \(content)".printable
    }
}

extension Step {
    /// A plan's line for people.
    package func summary(on node: String, at mountPoint: String) -> String {
        switch self {
        case .createMountPoint: "create the directory \(mountPoint)"
        case .protectMountPoint: "make \(mountPoint) immutable while nothing is mounted there"
        case .format(let format):
            (format.resuming == nil ? "format" : "finish the interrupted format of") + " \(node) as "
                + "\(VolumeSpec.createdType): "
                + (format.isBlank
                    ? "every sampled byte is zero" : "nothing on it is recognised, and the policy allows it")
        case .finishFormat: "clear the marker that a finished format left on \(node)"
        case .check: "check \(node) with e2fsck -p"
        case .mount(let type, let options):
            "mount \(node) at \(mountPoint) as \(type)" + (options.description.isEmpty ? "" : " with \(options)")
        case .grow(let type, let from, let to):
            "grow the \(type) from \(describe(bytes: from)) to \(describe(bytes: to))"
        }
    }
}
