import AutohealPlan
package import AutohealSpec
package import SystemPackage

/// A mount(2) that the kernel refused, with what the kernel itself said.
package struct MountFailure: Hashable, Sendable {
    package var node: String
    package var mountPoint: String
    package var type: FilesystemType
    /// nil where the library gave none.
    package var errno: Errno?
    /// The library's own words.
    package var text: String
    /// What the kernel logged about the device meanwhile, oldest first.
    package var kernelLines: [String]

    package init(
        node: String,
        mountPoint: String,
        type: FilesystemType,
        errno: Errno?,
        text: String,
        kernelLines: [String]
    ) {
        self.node = node
        self.mountPoint = mountPoint
        self.type = type
        self.errno = errno
        self.text = text
        self.kernelLines = kernelLines
    }

    /// Lines that are told: the last one of ext4 says no more than that it failed.
    private static let toldLines = 3

    package var error: VolumeError {
        if let line = kernelLines.last(where: { $0.contains("multi_mount_protect") && !$0.contains("failure info") }) {
            return .refused(.activeOnAnotherHost(line))
        }
        let said = kernelLines.suffix(Self.toldLines).joined(separator: " / ")
        let library = errno.map { "\($0) (\(text))" } ?? text
        return .failed(
            HostError(
                "mount",
                "\(node) at \(mountPoint) as \(type)",
                .text(said.isEmpty ? library : "\(library); the kernel says: \(said)"),
                exitStatus: errno == .resourceBusy
                    ? .unavailable : errno?.isExhaustion == true ? .temporaryFailure : .osError,
                advice: advice
            )
        )
    }

    private var advice: String {
        let said = kernelLines.joined(separator: " ").lowercased()
        if type == .xfs, said.contains("duplicate uuid") {
            return
                "A file system with the same UUID is mounted already (a snapshot of it?): mount this one with options "
                + "nouuid if both are wanted, after a look at which of them has the data."
        }
        if errno == .resourceBusy {
            return "Find out who uses the device (fuser, lsblk)."
        }
        if said.contains("unsupported") || said.contains("unknown") || said.contains("unrecognized") {
            return
                "The volume was made by newer tools, or options name what this kernel does not know."
        }
        if isDamage, let checker = type.readOnlyChecker {
            return
                "If it is damaged: take a snapshot, then look with '\(checker) \(node)', which writes nothing."
        }
        let more = kernelLines.isEmpty ? "The kernel log says more" : "Correct options or the file system"
        return "\(more)."
    }

    private var isDamage: Bool {
        guard let errno else { return false }
        return [.invalidArgument, .ioError, Errno(rawValue: 117), Errno(rawValue: 74)].contains(errno)
    }
}
