import AutohealSpec
import AutohealState
import FoundationEssentials
import SystemPackage

/// Every kind of content, mount point, use and policy there is, to be multiplied with each other.
enum Combinations {
    static let number = DeviceNumber(major: 202, minor: 16)
    static let size: UInt64 = 1 << 30
    static let coverage = SurveyCoverage(bytesRead: size / 8, deviceSize: size, seed: 1)
    static let blank = DeviceContent.blank(coverage, isMarked: false)
    static let marker = IntentMarker(
        recipe: FormatRecipe(uuid: UUID(), time: 1_700_000_000, size: size, e2fsprogs: "1.47.0"),
        digest: Data(repeating: 7, count: 32)
    )
    static let gpt = Signature(type: "gpt", usage: "partition-table", offset: 512)
    static let lvm = Signature(type: "LVM2_member", usage: "raid", offset: 536)

    static let uuid = UUID().text
    static let volumeID = VolumeID("vol-0123456789abcdef0")

    static let contents: [DeviceContent?] = [
        nil, blank, .blank(coverage, isMarked: true), .interruptedFormat(marker, coverage), .unrecognised,
        .partitionTable(gpt), .other(lvm), .ambivalent([gpt, lvm]),
        .damaged(.badChecksum(type: "ext4")), .damaged(.lostSuperblock(backupOffset: 134_217_728, blockSize: 4096)),
        .unknownData(offset: 4096, besides: nil), .unknownData(offset: 4096, besides: .thisFormat),
        .unreadable(.ioError, offset: 0), .shortRead(offset: 512),
        .filesystem(.init(type: .ext4, label: nil, uuid: uuid, size: size)),
        .filesystem(.init(type: .ext4, label: "data", uuid: UUID().text, size: size / 2)),
        .filesystem(.init(type: .ext4, uuid: marker.recipe.uuid.text, size: size, leftoverMarker: marker)),
        .filesystem(.init(type: .ext4, label: "data", uuid: UUID().text, size: size + 1)),
        .filesystem(.init(type: .xfs, label: "data", uuid: UUID().text)),
        .filesystem(.init(type: .btrfs)), .filesystem(.init(type: .ext2, size: size)),
    ]

    static let mountPoints: [MountPointState] = [
        .absent, .directory(isEmpty: true, isProtected: false), .directory(isEmpty: true, isProtected: true),
        .directory(isEmpty: false, isProtected: false), .notDirectory(kind: "a regular file"),
        mounted(), mounted(readOnly: true), mounted(root: "/sub"), mounted(size: size / 2), mounted(type: .btrfs),
        mounted(number: DeviceNumber(major: 259, minor: 1)),
        dead(), dead(uuid: UUID().text), dead(uuid: nil, volumeID: volumeID), dead(uuid: nil), dead(root: "/sub"),
        dead(fault: .deviceEmpty), dead(fault: .unreadable),
    ]

    static let uses: [DeviceUse] = [.free, .mounted(at: ["/elsewhere"]), .held(by: ["dm-0"]), .swap, .exclusivelyOpen]

    static let settings: [VolumeSettings] = {
        var all: [VolumeSettings] = []
        for format in FormatPolicy.allCases {
            for label in [nil, "data"] {
                for options in [nil, "ro,noatime"] {
                    for filesystem in [nil, "ext4"] {
                        var settings = VolumeSettings()
                        settings.device = "/dev/xvdb"
                        settings.format = format.rawValue
                        settings.label = label
                        settings.options = options
                        settings.filesystem = filesystem
                        settings.mode = "0750"
                        all.append(settings)
                    }
                }
            }
        }
        return all
    }()

    /// content x mount point x use x read-only x size.
    static let states: [VolumeState] = contents.flatMap { content in
        mountPoints.flatMap { mountPoint in
            uses.flatMap { use in
                [false, true].flatMap { readOnly in
                    [1 << 20, size].map { size in
                        VolumeState(
                            device: DeviceState(
                                node: "/dev/xvdb",
                                number: number,
                                size: size,
                                isReadOnly: readOnly,
                                volumeID: volumeID,
                                use: use,
                                content: content
                            ),
                            mountPoint: mountPoint
                        )
                    }
                }
            }
        }
    }

    /// A mount of another device that is wrong; by its UUID it is the first file system of ``contents``.
    static func dead(
        fault: MountPointState.Mount.Fault = .deviceGone,
        root: String = "/",
        uuid: String? = uuid,
        volumeID: VolumeID? = nil
    ) -> MountPointState {
        guard case .mounted(var mount) = mounted(number: DeviceNumber(major: 259, minor: 7), root: root) else {
            return .absent
        }
        mount.fault = fault
        mount.filesystemUUID = uuid
        mount.volumeID = volumeID
        return .mounted(mount)
    }

    static func mounted(
        number: DeviceNumber = number,
        root: String = "/",
        type: FilesystemType = .ext4,
        readOnly: Bool = false,
        size: UInt64? = size
    ) -> MountPointState {
        .mounted(
            .init(
                source: "/dev/xvdb",
                number: number,
                root: root,
                type: type,
                isReadOnly: readOnly,
                filesystemSize: size
            )
        )
    }
}
