import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import SystemPackage
import TestSupport
import Testing

/// The decision table, row by row: what is found, and what the agent answers.
@Suite("Decision table")
struct DecisionTableTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var expected: AutohealPlan.ExitStatus
        var state: VolumeState
        var settings: VolumeSettings
        var testDescription: String { name }

        init(
            _ name: String,
            _ expected: AutohealPlan.ExitStatus,
            content: DeviceContent? = Combinations.blank,
            mountPoint: MountPointState = .directory(isEmpty: true, isProtected: true),
            device change: (inout DeviceState) -> Void = { _ in },
            spec: (inout VolumeSettings) -> Void = { _ in }
        ) {
            self.name = name
            self.expected = expected
            var device = DeviceState(
                node: "/dev/xvdb",
                number: Combinations.number,
                size: Combinations.size,
                content: content
            )
            change(&device)
            state = VolumeState(device: device, mountPoint: mountPoint)
            settings = VolumeSettings()
            settings.device = "/dev/xvdb"
            spec(&settings)
        }
    }

    static let ext4 = DeviceContent.filesystem(.init(type: .ext4, label: "data", size: Combinations.size))
    static let anonymous = DeviceNumber(major: 0, minor: 42)

    static let same = DeviceContent.filesystem(.init(type: .ext4, uuid: Combinations.uuid, size: Combinations.size))
    static let silent = DeviceContent.filesystem(.init(type: .xfs, size: Combinations.size))

    static let rows: [Row] = [
        Row("mounted here", .ok, content: nil, mountPoint: Combinations.mounted()),
        Row("mounted here, read-only", .osError, mountPoint: Combinations.mounted(readOnly: true)),
        Row(
            "mounted here, read-only, as wished",
            .ok,
            mountPoint: Combinations.mounted(readOnly: true),
            spec: { $0.options = "ro" }
        ),
        Row(
            "another device is mounted here",
            .unavailable,
            mountPoint: Combinations.mounted(number: DeviceNumber(major: 8, minor: 0))
        ),
        Row("a directory of the device is bound here", .unavailable, mountPoint: Combinations.mounted(root: "/x")),
        Row("an automount is here", .unavailable, mountPoint: Combinations.mounted(number: anonymous, type: .autofs)),
        Row("a dead mount of another volume is here", .unavailable, content: ext4, mountPoint: Combinations.dead()),
        Row("a dead mount of this volume is here", .ok, content: same, mountPoint: Combinations.dead()),
        Row(
            "it is this volume by what an earlier run noted",
            .ok,
            content: silent,
            mountPoint: Combinations.dead(uuid: nil, volumeID: Combinations.volumeID),
            device: { $0.volumeID = Combinations.volumeID }
        ),
        Row(
            "and the volume is blank now: nothing is formatted",
            .unavailable,
            mountPoint: Combinations.dead(uuid: nil, volumeID: Combinations.volumeID),
            device: { $0.volumeID = Combinations.volumeID }
        ),
        Row(
            "its device is there, with size 0",
            .unavailable,
            content: same,
            mountPoint: Combinations.dead(fault: .deviceEmpty)
        ),
        Row(
            "this volume has another label than is wished",
            .configuration,
            content: same,
            mountPoint: Combinations.dead(),
            spec: { $0.label = "data" }
        ),
        Row(
            "a mount that the kernel has shut down is here",
            .unavailable,
            content: nil,
            mountPoint: Combinations.dead(fault: .unreadable)
        ),
        Row("the mount point is a file", .unavailable, mountPoint: .notDirectory(kind: "a regular file")),
        Row("mounted elsewhere", .unavailable, device: { $0.use = .mounted(at: ["/mnt"]) }),
        Row("held by device mapper", .unavailable, device: { $0.use = .held(by: ["dm-0"]) }),
        Row("swap", .unavailable, device: { $0.use = .swap }),
        Row("open exclusively", .unavailable, device: { $0.use = .exclusivelyOpen }),
        Row("size 0", .ioError, device: { ($0.size, $0.kernelSize) = (0, 0) }),
        Row("too small", .configuration, device: { ($0.size, $0.kernelSize) = (1 << 20, 1 << 20) }),
        Row("size differs from sysfs", .ioError, device: { $0.kernelSize /= 2 }),
        Row("blank but read-only", .osError, device: { $0.isReadOnly = true }),
        Row("ext4 but read-only", .osError, content: ext4, device: { $0.isReadOnly = true }),
        Row(
            "ext4, read-only as wished",
            .ok,
            content: ext4,
            device: { $0.isReadOnly = true },
            spec: { $0.options = "ro" }
        ),
        Row("unreadable", .ioError, content: .unreadable(.ioError, offset: 0)),
        Row("short read", .ioError, content: .shortRead(offset: 4096)),
        Row("ambivalent", .dataError, content: .ambivalent([Combinations.gpt])),
        Row("partition table", .dataError, content: .partitionTable(Combinations.gpt)),
        Row("LVM", .dataError, content: .other(Combinations.lvm)),
        Row("bad checksum", .dataError, content: .damaged(.badChecksum(type: "ext4"))),
        Row("unknown data", .dataError, content: .unknownData(offset: 1, besides: nil)),
        Row(
            "unknown data, formatted on request",
            .ok,
            content: .unknownData(offset: 1, besides: nil),
            spec: { $0.format = "if-no-signature" }
        ),
        Row(
            "lost superblock, even on request",
            .dataError,
            content: .damaged(.lostSuperblock(backupOffset: 1 << 27, blockSize: 4096)),
            spec: { $0.format = "if-no-signature" }
        ),
        Row("another label", .configuration, content: ext4, spec: { $0.label = "other" }),
        Row("another type", .configuration, content: .filesystem(.init(type: .xfs)), spec: { $0.filesystem = "ext4" }),
        Row("blank", .ok),
        Row("ext4", .ok, content: ext4),
        Row("xfs", .ok, content: .filesystem(.init(type: .xfs))),
        Row("blank, but never to be formatted", .dataError, spec: { $0.format = "never" }),
        Row("blank, but to be mounted read-only", .dataError, spec: { $0.options = "ro" }),
        Row("blank, by a name that the kernel gives anew", .configuration, spec: { $0.device = "/dev/nvme1n1" }),
        Row("a partition of it", .configuration, spec: { $0.device = "/dev/nvme12n1p3" }),
        Row(
            "by such a name, and nothing is proven",
            .configuration,
            content: .unrecognised,
            spec: { ($0.device, $0.format) = ("/dev/nvme1n1", "if-no-signature") }
        ),
        Row(
            "by such a name, with a volume id",
            .ok,
            spec: { ($0.device, $0.volumeID) = ("/dev/nvme1n1", "vol-0123456789abcdef0") }
        ),
        Row("ext4, by such a name", .ok, content: ext4, spec: { $0.device = "/dev/nvme1n1" }),
        Row("blank, by the name that EBS gave", .ok, spec: { $0.device = "/dev/sdf" }),
        Row("nothing recognised, not read", .dataError, content: .unrecognised),
        Row(
            "nothing recognised, formatted on request",
            .ok,
            content: .unrecognised,
            spec: { $0.format = "if-no-signature" }
        ),
        Row(
            "larger than its device",
            .dataError,
            content: .filesystem(.init(type: .ext4, label: "data", size: Combinations.size + 512))
        ),
    ]

    @Test("answers as specified", arguments: rows)
    func answers(row: Row) async throws {
        let engine = Engine(host: SimulatedHost(row.state), logger: silentLogger())
        #expect(await engine.mount(try VolumeSpec(row.settings)).exitStatus == row.expected)
    }

    @Test("an ext4 is checked, mounted, and grown when its device has grown")
    func existing() throws {
        var device = DeviceState(
            node: "/dev/xvdb",
            number: Combinations.number,
            size: Combinations.size * 2,
            content: Self.ext4
        )
        let spec = try VolumeSpec.test()
        let state = VolumeState(device: device, mountPoint: .absent)
        let names = try Planner.plan(spec, from: state).steps.map(\.name)
        #expect(names == ["create-mount-point", "protect-mount-point", "check", "mount", "grow"])
        device.size = Combinations.size + Planner.growthThreshold - 1
        device.kernelSize = device.size
        let small = VolumeState(device: device, mountPoint: .directory(isEmpty: true, isProtected: true))
        #expect(try Planner.plan(spec, from: small).steps.map(\.name) == ["check", "mount"])
    }

    @Test("an interrupted format is resumed under the UUID that its marker announced")
    func resumes() throws {
        let device = DeviceState(
            node: "/dev/xvdb",
            number: Combinations.number,
            size: Combinations.size,
            content: .interruptedFormat(Combinations.marker, Combinations.coverage)
        )
        let plan = try Planner.plan(.test(), from: VolumeState(device: device, mountPoint: .absent))
        guard case .format(let format) = plan.steps[2] else {
            Issue.record("no format in \(plan)")
            return
        }
        #expect(format.uuid == Combinations.marker.recipe.uuid)
        #expect(format.proof == .interrupted(Combinations.marker, Combinations.coverage))
    }

    @Test("a format is finished if the marker is that of the file system, and a foreign one is left alone")
    func leftoverMarker() throws {
        let own = try stepsBeforeMount(.ext4, uuid: Combinations.marker.recipe.uuid.text)
        #expect(own == [.check(.ext4), .finishFormat(Combinations.marker)])
        let foreign = try stepsBeforeMount(.ext4, uuid: "7ec1f3a0-0000-4000-8000-000000000000")
        #expect(foreign == [.check(.ext4)])
    }

    private func stepsBeforeMount(_ type: FilesystemType, uuid: String) throws -> [Step] {
        let content = DeviceContent.filesystem(.init(type: type, uuid: uuid, leftoverMarker: Combinations.marker))
        let device = DeviceState(
            node: "/dev/xvdb",
            number: Combinations.number,
            size: Combinations.size,
            content: content
        )
        let state = VolumeState(device: device, mountPoint: .directory(isEmpty: true, isProtected: true))
        let steps = try Planner.plan(.test { $0.mode = "0700" }, from: state).steps
        return Array(steps.prefix { if case .mount = $0 { false } else { true } })
    }
}
