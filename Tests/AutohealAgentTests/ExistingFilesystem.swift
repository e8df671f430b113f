import TestSupport
import Testing

/// A file system with something in it, made by its own tool.
enum ExistingFilesystem: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case ext2, ext3, ext4, xfs, btrfs

    var testDescription: String { rawValue }

    var minimumSize: UInt64 { self == .xfs ? 320 << 20 : self == .btrfs ? 128 << 20 : 64 << 20 }

    /// The files that ``make(on:label:)`` leaves, with their content.
    static let files = [
        (name: "file", content: String(repeating: "all is well\n", count: 20_000)),
        (name: "name with blanks", content: "1\n"), (name: "directory/empty", content: ""),
    ]

    func make(on volume: borrowing TestVolume, label: String = "kept") async throws {
        let force = self == .xfs || self == .btrfs ? ["-f"] : ["-F"]
        try await Command.check("mkfs.\(rawValue)", ["-q", "-L", label] + force + [volume.node])
        let place = "\(volume.directory.path)/making"
        try await volume.mount(at: place)
        try Files.makeDirectory("\(place)/directory")
        for (name, content) in Self.files { try Files.write(content, to: "\(place)/\(name)") }
        try await volume.unmount(place)
    }

    /// Whether everything is still there, as it was.
    static func isIntact(at directory: String) -> Bool {
        files.allSatisfy { name, content in Files.text("\(directory)/\(name)") == content }
    }
}
