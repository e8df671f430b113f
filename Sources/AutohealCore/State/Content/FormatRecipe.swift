package import AutohealSpec

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// All that makes the image of a new ext4, byte for byte the same now and on the next instance.
///
/// mkfs.ext4 is deterministic when its time, UUID and hash seed are given (measured, e2fsprogs 1.47.0). It works on a file,
/// which knows no sectors and no topology, so what it would ask a device is told to it.
package struct FormatRecipe: Hashable, Sendable, Codable {
    /// Of the file system; its hash seed, too.
    package var uuid: UUID
    /// Seconds since 1970 that the file system says it was made at.
    package var time: Int64
    /// Bytes of the device.
    package var size: UInt64
    package var label: String?
    /// Of the root directory, as numbers.
    package var owner: Owner?
    /// Of the root directory: permission bits.
    package var mode: UInt16?
    package var options: MkfsOptions
    package var geometry: DeviceGeometry
    /// The version of e2fsprogs, for example `1.47.0`.
    package var e2fsprogs: String

    package struct Owner: Hashable, Sendable, Codable {
        package var user: UInt32
        package var group: UInt32

        package init(user: UInt32, group: UInt32) {
            self.user = user
            self.group = group
        }
    }

    package init(
        uuid: UUID,
        time: Int64,
        size: UInt64,
        label: String? = nil,
        owner: Owner? = nil,
        mode: UInt16? = nil,
        options: MkfsOptions = .none,
        geometry: DeviceGeometry = DeviceGeometry(),
        e2fsprogs: String
    ) {
        self.uuid = uuid
        self.time = time
        self.size = size
        self.label = label
        self.owner = owner
        self.mode = mode
        self.options = options
        self.geometry = geometry
        self.e2fsprogs = e2fsprogs
    }

    /// Bytes up to which mke2fs.conf(5) calls a file system small and gives it blocks of 1 KiB.
    private static let smallUpTo: UInt64 = 512 << 20

    /// Bytes of a block, as mkfs.ext4 would choose them for the device.
    package var blockSize: UInt64 {
        options.blockSize ?? max(size < Self.smallUpTo ? 1024 : 4096, geometry.logicalSector)
    }

    /// For mkfs.ext4(8), without the name of the file. Those that were asked for come last, where they win.
    ///
    /// The lazy options leave unwritten what a blank device reads as zeros anyway; assume_storage_prezeroed, known from 1.47
    /// on, also keeps the kernel from writing those zeros after the mount (1/64 of the volume).
    package var arguments: [String] {
        var extended = ["hash_seed=\(uuid.text)", "nodiscard", "lazy_itable_init=1", "lazy_journal_init=1"]
        if Self.knowsPrezeroedStorage(e2fsprogs) { extended.append("assume_storage_prezeroed=1") }
        // As mkfs.ext4 takes them from a device (misc/mke2fs.c, get_device_geometry).
        let minimumIO = geometry.minimumIO > 0 ? geometry.minimumIO : geometry.physicalSector
        let optimalIO = geometry.optimalIO > 0 ? geometry.optimalIO : minimumIO
        if minimumIO > blockSize { extended.append("stride=\(minimumIO / blockSize)") }
        if optimalIO > blockSize { extended.append("stripe_width=\(optimalIO / blockSize)") }
        if let owner { extended.append("root_owner=\(owner.user):\(owner.group)") }
        extended += options.extended
        var arguments = ["-q", "-U", uuid.text, "-b", "\(blockSize)", "-E", extended.joined(separator: ",")]
        if let label { arguments += ["-L", label] }
        return arguments + options.arguments
    }

    /// Variables that mkfs.ext4 and debugfs read.
    package var environment: [String: String] { ["E2FSPROGS_FAKE_TIME": "\(time)"] }

    /// The version in what `mkfs.ext4 -V` says: `mke2fs 1.47.0 (5-Feb-2023)`.
    package static func version(banner: String) -> String? {
        let words = banner.split(whereSeparator: \.isWhitespace)
        guard let name = words.firstIndex(of: "mke2fs"), name + 1 < words.count else { return nil }
        return String(words[name + 1])
    }

    private static func knowsPrezeroedStorage(_ version: String) -> Bool {
        let numbers = version.split(separator: ".").map { part in Int(part.prefix { $0.isASCII && $0.isNumber }) ?? 0 }
        return numbers.count >= 2 && (numbers[0], numbers[1]) >= (1, 47)
    }

    /// Short names: the marker that carries them should fit into one sector.
    private enum CodingKeys: String, CodingKey {
        case uuid, time, size, label, owner, mode, options, geometry, e2fsprogs
    }
}

/// What a device tells mkfs.ext4 of itself (BLKSSZGET, BLKPBSZGET, BLKIOMIN, BLKIOOPT), in bytes.
package struct DeviceGeometry: Hashable, Sendable, Codable {
    package var logicalSector: UInt64
    package var physicalSector: UInt64
    /// 0 if the device does not say.
    package var minimumIO: UInt64
    /// 0 if the device does not say.
    package var optimalIO: UInt64

    package init(
        logicalSector: UInt64 = 512,
        physicalSector: UInt64 = 512,
        minimumIO: UInt64 = 512,
        optimalIO: UInt64 = 0
    ) {
        self.logicalSector = logicalSector
        self.physicalSector = physicalSector
        self.minimumIO = minimumIO
        self.optimalIO = optimalIO
    }

    private enum CodingKeys: String, CodingKey {
        case logicalSector = "sector"
        case physicalSector = "physical"
        case minimumIO = "min"
        case optimalIO = "opt"
    }
}
