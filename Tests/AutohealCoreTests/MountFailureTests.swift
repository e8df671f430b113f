import AutohealPlan
import AutohealRun
import AutohealSpec
import SystemPackage
import Testing

@Suite("Refused mount")
struct MountFailureTests {
    static func outcome(_ type: FilesystemType, _ errno: Errno?, _ lines: [String]) -> Outcome {
        .stopped(
            MountFailure(
                node: "/dev/xvdb",
                mountPoint: "/data",
                type: type,
                errno: errno,
                text: "the library's words",
                kernelLines: lines
            ).error
        )
    }

    @Test("nothing that the kernel refuses is to be zeroed or formatted, and the kernel's last line is told")
    func neverDestroys() {
        let types: [FilesystemType] = [.ext2, .ext3, .ext4, .xfs, .btrfs, FilesystemType(rawValue: "minix")]
        let errnos: [Errno?] = [
            nil, .invalidArgument, .ioError, Errno(rawValue: 117), .resourceBusy, .readOnlyFileSystem,
        ]
        for type in types {
            for errno in errnos {
                for lines in [
                    [], ["first line", "last line"], ["XFS (x): Filesystem has duplicate UUID 1 - can't mount"],
                ] {
                    let outcome = Self.outcome(type, errno, lines)
                    let said = outcome.reason.lowercased()
                    #expect(!said.contains("zero") && !said.contains("mkfs") && !said.contains("wipefs"), "\(said)")
                    #expect(lines.last.map { outcome.reason.contains($0) } ?? true, "\(said)")
                    #expect(outcome.exitStatus == (errno == .resourceBusy ? .unavailable : .osError))
                }
            }
        }
    }

    @Test(
        "damage is looked at by the type's own tool first, which writes nothing",
        arguments: [(FilesystemType.ext4, "e2fsck -fn"), (.xfs, "xfs_repair -n"), (.btrfs, "btrfs check --readonly")]
    )
    func checker(type: FilesystemType, command: String) {
        #expect(Self.outcome(type, Errno(rawValue: 117), []).reason.contains("'\(command) /dev/xvdb'"))
    }

    @Test("another host that has it is told by the kernel's sentence, not by its table of facts")
    func multiMount() {
        let lines = [
            "EXT4-fs warning (device xvdb): ext4_multi_mount_protect:342: Device is already active on another node.",
            "EXT4-fs warning (device xvdb): ext4_multi_mount_protect:342: MMP failure info: last update time: 1",
        ]
        let outcome = Self.outcome(.ext4, .resourceBusy, lines)
        #expect(outcome == .stopped(.refused(.activeOnAnotherHost(lines[0]))))
        #expect(outcome.exitStatus == .unavailable && !outcome.reason.contains("e2fsck -b"))
    }
}
