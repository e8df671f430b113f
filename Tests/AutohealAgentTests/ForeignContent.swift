import AutohealSpec
import AutohealState
import TestSupport
import Testing

/// What a volume may hold that is not ours to format, made by the tools that make it in life wherever they can work on an
/// image.
enum ForeignContent: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case gpt = "a GPT"
    case gptWithoutProtectiveMBR = "a GPT without protective MBR"
    case backupGPTAlone = "a GPT of which only the backup is left"
    case gptWithFilesystem = "a GPT with an ext4 in its partition"
    case mbr = "an MBR"
    case emptyMBR = "an MBR without partitions"
    case lvm = "an LVM physical volume"
    case luks1 = "LUKS 1"
    case luks2 = "LUKS 2"
    case raid = "a member of a RAID"
    case oldRAID = "a member of a RAID, superblock at the end"
    case zfs = "a member of a ZFS pool"
    case swap = "swap"
    case squashfsAndExt4 = "squashfs and ext4 at once"
    case xfsAndBtrfs = "xfs and btrfs at once"
    case badChecksum = "an ext4 whose superblock has a wrong checksum"
    case lostSuperblockSmallBlocks = "an ext4 without its first 64 KiB, 1 KiB blocks"
    case lostSuperblockLargeBlocks = "an ext4 without its first 64 KiB, 4 KiB blocks"
    case lostSuperblockAndBackups = "an ext4 without any superblock"
    case random = "random bytes everywhere"
    case text = "a tar-like text at the start"
    case markerOfAnotherSize = "an intent marker of a volume of another size"
    case markerAndData = "an intent marker beside data"

    var testDescription: String { rawValue }

    /// Words that the refusal must contain: what was found.
    var named: [String] {
        switch self {
        case .gpt, .gptWithoutProtectiveMBR, .backupGPTAlone, .gptWithFilesystem: ["partition table", "gpt"]
        case .mbr, .emptyMBR: ["partition table", "dos"]
        case .lvm: ["LVM2_member"]
        case .luks1, .luks2: ["crypto_LUKS"]
        case .raid, .oldRAID: ["linux_raid_member"]
        case .zfs: ["zfs_member"]
        case .swap: ["swap"]
        case .squashfsAndExt4: ["squashfs", "ext4", "offset 1080"]
        case .xfsAndBtrfs: ["xfs", "btrfs", "offset 65600"]
        case .badChecksum: ["ext4", "checksum"]
        case .lostSuperblockSmallBlocks: ["e2fsck -b 8193 -B 1024"]
        case .lostSuperblockLargeBlocks: ["e2fsck -b 32768 -B 4096"]
        case .lostSuperblockAndBackups, .markerOfAnotherSize, .markerAndData: ["not blank", "offset"]
        case .random, .text: ["not blank", "offset 0"]
        }
    }

    var size: UInt64 {
        switch self {
        case .lostSuperblockLargeBlocks: 256 << 20
        case .markerAndData: 1 << 30
        default: 64 << 20
        }
    }

    func write(to volume: borrowing TestVolume) async throws {
        let image = volume.image
        switch self {
        case .gpt, .gptWithoutProtectiveMBR, .backupGPTAlone:
            try await Command.check("sfdisk", ["--quiet", image], input: "label: gpt\n1MiB 16MiB L\n")
            if self == .gptWithoutProtectiveMBR { try zero(image, 0..<512) }
            if self == .backupGPTAlone { try zero(image, 0..<34 * 512) }
        case .gptWithFilesystem:
            try await Command.check("sfdisk", ["--quiet", image], input: "label: gpt\n1MiB 16MiB L\n")
            try await Command.check("mkfs.ext4", ["-q", "-E", "offset=1048576", image, "16M"])
        case .mbr:
            try await Command.check("sfdisk", ["--quiet", image], input: "label: dos\n1MiB 16MiB L\n")
        case .emptyMBR:
            try await Command.check("sfdisk", ["--quiet", image], input: "label: dos\n")
        case .lvm:
            try await physicalVolume(on: volume.node)
        case .luks1, .luks2:
            let type = self == .luks1 ? "luks1" : "luks2"
            try await Command.check(
                "cryptsetup",
                [
                    "luksFormat", "--batch-mode", "--type", type, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations",
                    "1000",
                    "--key-file", "-", image,
                ],
                input: "secret"
            )
        case .raid: try Files.overwrite(image, at: 4096, with: Superblocks.raid(sector: 8))
        case .oldRAID:
            try Files.overwrite(image, at: size - 8192, with: Superblocks.raid(sector: (size - 8192) / 512))
        case .zfs: try Files.overwrite(image, at: 128 << 10, with: Superblocks.zfs)
        case .swap: try await Command.check("mkswap", [image])
        case .squashfsAndExt4:
            try await ext4(image)
            try Files.overwrite(image, at: 0, with: Superblocks.squashfs)
        case .xfsAndBtrfs:
            try await Command.check("mkfs.btrfs", ["--quiet", "--mixed", image])
            let btrfs = try Files.read(image, at: 64 << 10, count: 4096)
            try Files.makeSparse(image, size: 0)
            try Files.makeSparse(image, size: 512 << 20)
            try await Command.check("mkfs.xfs", ["-q", image])
            try Files.overwrite(image, at: 64 << 10, with: btrfs)
            try volume.device.updateSize()
        case .badChecksum:
            try await ext4(image)
            // One bit of s_last_mounted, which nothing but the checksum looks after.
            let byte = try Files.read(image, at: 1024 + 0x88, count: 1)
            try Files.overwrite(image, at: 1024 + 0x88, with: [byte[0] ^ 1])
        case .lostSuperblockSmallBlocks, .lostSuperblockLargeBlocks:
            try await ext4(image, blockSize: self == .lostSuperblockSmallBlocks ? 1024 : 4096)
            try zero(image, 0..<64 << 10)
        case .lostSuperblockAndBackups:
            try await ext4(image, blockSize: 4096)
            try zero(image, 0..<64 << 10)
        case .random:
            var generator = SeededGenerator(seed: 1)
            try Files.overwrite(
                image,
                at: 0,
                with: (0..<4 << 20).map { _ in UInt8.random(in: 1...255, using: &generator) }
            )
        case .text: try Files.overwrite(image, at: 0, with: Array("letters/1999.txt".utf8))
        case .markerOfAnotherSize: try await marker(of: 32 << 20, on: volume)
        case .markerAndData:
            try await marker(of: size, on: volume)
            // Anywhere but where a mkfs that was cut short may have written.
            try Files.overwrite(image, at: 64 << 20, with: [UInt8](repeating: 0x55, count: 64 << 20))
        }
    }

    private func ext4(_ image: String, blockSize: Int = 4096) async throws {
        try await Command.check("mkfs.ext4", ["-q", "-b", "\(blockSize)", image])
    }

    private func zero(_ image: String, _ range: Range<UInt64>) throws {
        try Files.overwrite(image, at: range.lowerBound, with: [UInt8](repeating: 0, count: range.count))
    }

    /// pvcreate(8) that sees no other device, asks for no device mapper and remembers nothing.
    private func physicalVolume(on node: String) async throws {
        let configuration = """
            devices { dir="/dev" scan=["/dev"] use_devicesfile=0 filter=["a|^\(node)$|","r|.*|"] }
            global { event_activation=0 } backup { backup=0 archive=0 }
            """
        try await Command.check(
            "pvcreate",
            ["--force", "--force", "--yes", "--nolocking", "--driverloaded", "n", "--config", configuration, node],
            environment: ["DM_DISABLE_UDEV": "1", "LVM_SUPPRESS_FD_WARNINGS": "1"]
        )
    }

    /// The marker that a killed run leaves, as the agent itself writes it on an otherwise blank volume of that size.
    private func marker(of size: UInt64, on volume: borrowing TestVolume) async throws {
        let block = try await InterruptedFormat.marker(deviceSize: size)
        try Files.overwrite(volume.image, at: self.size - 128 << 10, with: block)
    }
}
