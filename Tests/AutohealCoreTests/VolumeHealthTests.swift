import AutohealHealth
import AutohealPlan
import AutohealSpec
import AutohealState
import SystemPackage
import Testing

@Suite("Health of a volume")
struct VolumeHealthTests {
    private static let device = DeviceNumber(major: 259, minor: 1)
    private static let gibibyte: UInt64 = 1 << 30

    private static func mount(_ change: (inout MountPointState.Mount) -> Void = { _ in }) -> MountPointState {
        var mount = MountPointState.Mount(
            source: "/dev/nvme1n1",
            number: device,
            type: .ext4,
            filesystemSize: gibibyte
        )
        change(&mount)
        return .mounted(mount)
    }

    private static var good: VolumeObservation {
        VolumeObservation(
            mountPoint: .known(mount()),
            deviceSize: .known(gibibyte),
            controllerState: .known("live"),
            errors: .known(FilesystemErrors(count: 0)),
            read: .known(.answered(in: .milliseconds(1))),
            space: .known(SpaceUsage(bytes: gibibyte, bytesFree: gibibyte / 2, inodes: 1000, inodesFree: 900))
        )
    }

    private static func space(bytesFree: UInt64 = gibibyte / 2, inodesFree: UInt64 = 900) -> Observed<SpaceUsage> {
        .known(SpaceUsage(bytes: gibibyte, bytesFree: bytesFree, inodes: 1000, inodesFree: inodesFree))
    }

    private func health(errorsAtMount: UInt64? = 0, _ change: (inout VolumeObservation) -> Void) -> VolumeHealth {
        var observation = Self.good
        change(&observation)
        return VolumeHealth(
            of: observation,
            device: Self.device,
            isReadOnlyWished: false,
            errorsAtMount: errorsAtMount
        )
    }

    @Test func `a volume that is as it was left is healthy`() {
        let health = health { _ in }
        #expect(health.state == .healthy && health.status == .ok && health.faults.isEmpty && health.unknowns.isEmpty)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let fault: String
        let status: AutohealPlan.ExitStatus
        let isCured: Bool
        let change: @Sendable (inout VolumeObservation) -> Void
        var testDescription: String { fault }
    }

    static let rows: [Row] = [
        Row(fault: "not-mounted", status: .unavailable, isCured: true) {
            $0.mountPoint = .known(.directory(isEmpty: true, isProtected: true))
        },
        Row(fault: "other-device", status: .unavailable, isCured: true) {
            $0.mountPoint = .known(mount { $0.number = DeviceNumber(major: 7, minor: 0) })
        },
        Row(fault: "other-root", status: .unavailable, isCured: true) {
            $0.mountPoint = .known(mount { $0.root = "/sub" })
        },
        Row(fault: "device-gone", status: .ioError, isCured: true) { $0.deviceSize = .known(0) },
        Row(fault: "controller-not-live", status: .ioError, isCured: true) { $0.controllerState = .known("dead") },
        Row(fault: "shut-down", status: .ioError, isCured: true) {
            $0.mountPoint = .known(mount { $0.fault = .unreadable })
        },
        Row(fault: "journal-aborted", status: .ioError, isCured: true) {
            $0.mountPoint = .known(mount { $0.fault = .journalAborted })
        },
        // As on Linux 6.1, whose mountinfo says nothing.
        Row(fault: "journal-aborted", status: .ioError, isCured: true) {
            $0.errors = .known(FilesystemErrors(count: 2, lastFunction: "ext4_journal_check_start"))
        },
        Row(fault: "read-only", status: .osError, isCured: true) {
            $0.mountPoint = .known(mount { $0.isReadOnly = true })
        },
        Row(fault: "read-failed", status: .ioError, isCured: true) { $0.read = .known(.failed(.ioError)) },
        Row(fault: "read-hangs", status: .ioError, isCured: true) { $0.read = .known(.waiting(.seconds(6))) },
        Row(fault: "full", status: .cannotCreate, isCured: false) { $0.space = space(bytesFree: 0) },
        Row(fault: "no-inodes", status: .cannotCreate, isCured: false) { $0.space = space(inodesFree: 0) },
        Row(fault: "nearly-full", status: .ok, isCured: false) { $0.space = space(bytesFree: gibibyte / 100) },
        Row(fault: "few-inodes", status: .ok, isCured: false) { $0.space = space(inodesFree: 10) },
        Row(fault: "read-slow", status: .ok, isCured: false) { $0.read = .known(.answered(in: .seconds(9))) },
        Row(fault: "errors-recorded", status: .ok, isCured: false) {
            $0.errors = .known(FilesystemErrors(count: 1, lastFunction: "ext4_lookup"))
        },
        Row(fault: "smaller-than-device", status: .ok, isCured: false) { $0.deviceSize = .known(2 * gibibyte) },
    ]

    @Test(arguments: rows)
    func `each fault has its name, its exit status, and whether a new instance would help`(row: Row) throws {
        let health = health(row.change)
        let fault = try #require(health.faults.first)
        #expect(fault.name == row.fault && fault.isCuredByReplacement == row.isCured)
        #expect(health.status == row.status)
        #expect(health.state == (row.status == .ok ? .degraded : .failed))
        #expect(fault.reason.hasSuffix(".") && fault.advice.hasSuffix("."))
    }

    @Test func `errors of an earlier life are not new ones`() {
        let old = health(errorsAtMount: 3) { $0.errors = .known(FilesystemErrors(count: 3)) }
        #expect(old.faults == [.oldErrors(3)])
        let new = health(errorsAtMount: 3) { $0.errors = .known(FilesystemErrors(count: 5, firstTime: 77)) }
        #expect(new.faults == [.errorsRecorded(new: 2, since: nil)])
        let first = health(errorsAtMount: 0) { $0.errors = .known(FilesystemErrors(count: 5, firstTime: 77)) }
        #expect(first.faults == [.errorsRecorded(new: 5, since: 77)])
        // Nor is a journal said to be aborted that was aborted in an earlier life, or nobody knows when.
        for errorsAtMount in [5, nil] as [UInt64?] {
            let unclear = health(errorsAtMount: errorsAtMount) {
                $0.errors = .known(FilesystemErrors(count: 5, lastFunction: "ext4_journal_check_start"))
            }
            #expect(unclear.faults == [.oldErrors(5)])
        }
    }

    @Test func `what could not be seen is said, and never taken for good`() {
        let blind = health { $0.mountPoint = .unknown("no /proc") }
        #expect(blind.state == .unknown && blind.status == .osError)
        #expect(blind.unknowns == ["the mount point: no /proc"])
        let short = health { $0.read = .unknown("no permission") }
        #expect(short.state == .healthy && short.unknowns == ["a read from the device: no permission"])
        let gone = health {
            $0.mountPoint = .unknown("no /proc")
            $0.deviceSize = .known(0)
        }
        #expect(gone.state == .failed)
    }

    @Test func `what makes a volume useless is named before what needs attention`() {
        let health = health {
            $0.space = Self.space(bytesFree: 1)
            $0.read = .known(.failed(.ioError))
        }
        #expect(health.faults.map(\.name) == ["read-failed", "nearly-full"])
    }

    @Test func `a volume that was wanted read-only lacks nothing by it`() {
        var observation = Self.good
        observation.mountPoint = .known(Self.mount { $0.isReadOnly = true })
        observation.space = Self.space(bytesFree: 0)
        observation.deviceSize = .known(2 * Self.gibibyte)
        let health = VolumeHealth(of: observation, device: Self.device, isReadOnlyWished: true, errorsAtMount: 0)
        #expect(health.state == .healthy)
    }
}
