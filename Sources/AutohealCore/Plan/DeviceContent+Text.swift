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

    /// What is said of a content that is neither mounted nor formatted.
    package var refusal: Refusal? {
        switch self {
        case .blank, .interruptedFormat, .unrecognised, .filesystem: nil
        case .partitionTable(let table): .partitionTable(table)
        case .other(let signature): .notAFilesystem(signature)
        case .ambivalent(let signatures): .ambivalent(signatures)
        case .damaged(let damage): .damaged(damage)
        case .unknownData(let offset, let trace): .unknownData(offset: offset, besides: trace)
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
        case .blank(let coverage, let isMarked):
            content =
                "blank (read: \(coverage))" + (isMarked ? ", with the marker of a format that wrote nothing else" : "")
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
        case .unmount(let mount):
            "unmount \(mountPoint), which shows \(mount.source) (device \(mount.number)): that is this volume by a device that "
                + "is gone; refused if anything still uses the mount"
        case .protectMountPoint: "make \(mountPoint) immutable while nothing is mounted there"
        case .format(let format):
            format.summary(of: node)
        case .finishFormat: "clear the marker that a finished format left on \(node)"
        case .check: "check \(node) with e2fsck -p"
        case .mount(let type, let options):
            "mount \(node) at \(mountPoint) as \(type)" + (options.description.isEmpty ? "" : " with \(options)")
        case .grow(let type, let from, let to):
            "grow the \(type) from \(describe(bytes: from)) to \(describe(bytes: to))"
        }
    }
}

extension Step.Format {
    /// What is going to be done, and what was seen that allows it.
    fileprivate func summary(of node: String) -> String {
        let type = VolumeSpec.createdType
        switch proof {
        case .blank(let coverage, isMarked: false):
            return "format \(node) as \(type): \(coverage) read, every byte zero"
        case .blank(let coverage, isMarked: true):
            return
                "format \(node) as \(type): \(coverage) read, every byte zero but for the marker of a format that wrote "
                + "nothing else"
        case .interrupted(_, let coverage):
            return
                "finish the interrupted format of \(node) as \(type): \(coverage) read, every sector zero or what that "
                + "format writes there"
        case .unproven:
            return "format \(node) as \(type): nothing on it is recognised, nothing is proven, and the policy allows it"
        }
    }
}
