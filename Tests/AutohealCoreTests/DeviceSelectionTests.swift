import AutohealPlan
import AutohealSpec
import AutohealState
import TestSupport
import Testing

@Suite("Which device is it?")
struct DeviceSelectionTests {
    static func nvme(_ index: UInt32, volume: String?, name: String? = nil, kind: DeviceIdentity.Kind = .ebs)
        -> BlockDevice
    {
        BlockDevice(
            node: "/dev/nvme\(index)n1",
            number: DeviceNumber(major: 259, minor: index),
            size: 1 << 34,
            identity: DeviceIdentity(
                kind: kind,
                model: nil,
                serial: volume.map { "vol" + $0.dropFirst(4) },
                ebsDeviceName: name
            )
        )
    }

    static let root = nvme(0, volume: "vol-00000000000000001", name: "xvda")
    static let data = nvme(1, volume: "vol-0123456789abcdef0", name: "xvdb")
    static let other = nvme(2, volume: "vol-0fffffffffffffff0", name: "xvdf")
    static let store = nvme(3, volume: nil, kind: .instanceStore)
    static let xen = BlockDevice(node: "/dev/xvdb", number: DeviceNumber(major: 202, minor: 16), size: 1 << 34)

    static func spec(_ volumeID: String? = nil, device: String = "/dev/xvdb") throws -> VolumeSpec {
        try .test {
            $0.device = device
            $0.volumeID = volumeID
        }
    }

    @Test("on Nitro without any link, the volume id finds the disk")
    func byVolumeID() throws {
        let selection = DeviceSelection.select(
            try Self.spec("vol-0123456789abcdef0", device: "/dev/sdz"),
            among: [Self.root, Self.other, Self.data],
            path: .absent
        )
        #expect(selection == .found(Self.data, by: .volumeID))
    }

    @Test("without a volume id, the name of the attachment finds the disk", arguments: ["/dev/xvdb", "/dev/sdb"])
    func byName(device: String) throws {
        let selection = DeviceSelection.select(
            try Self.spec(device: device),
            among: [Self.root, Self.data, Self.store],
            path: .absent
        )
        #expect(selection == .found(Self.data, by: .ebsDeviceName))
    }

    @Test("on Xen the path is the disk, with and without a volume id")
    func byPath() throws {
        for id in [nil, "vol-0123456789abcdef0"] {
            let selection = DeviceSelection.select(
                try Self.spec(id),
                among: [Self.xen],
                path: .blockDevice(Self.xen)
            )
            #expect(selection == .found(Self.xen, by: .path))
        }
    }

    @Test("another volume under the right name is refused with its id, however it is found")
    func wrongVolume() throws {
        let spec = try Self.spec("vol-0aaaaaaaaaaaaaaa0")
        let found = try #require(Self.data.identity.volumeID)
        let expected = DeviceSelection.notYet(.wrongVolume(node: "/dev/nvme1n1", found: found))
        #expect(DeviceSelection.select(spec, among: [Self.root, Self.data], path: .absent) == expected)
        #expect(DeviceSelection.select(spec, among: [Self.data], path: .blockDevice(Self.data)) == expected)
    }

    @Test("a stale link to another attachment is not followed")
    func staleLink() throws {
        let selection = DeviceSelection.select(
            try Self.spec(),
            among: [Self.root, Self.other],
            path: .blockDevice(Self.other)
        )
        #expect(selection == .notYet(.otherAttachment(node: "/dev/nvme2n1", name: "xvdf")))
    }

    @Test("a stale link loses against the disk that says it has the name")
    func linkAndName() throws {
        let selection = DeviceSelection.select(
            try Self.spec(),
            among: [Self.other, Self.data],
            path: .blockDevice(Self.other)
        )
        #expect(selection == .found(Self.data, by: .ebsDeviceName))
    }

    @Test("instance storage is never taken, by no name")
    func instanceStore() throws {
        for device in ["/dev/xvdb", "/dev/nvme3n1"] {
            let selection = DeviceSelection.select(
                try Self.spec(device: device),
                among: [Self.store],
                path: .blockDevice(Self.store)
            )
            #expect(selection == .notYet(.instanceStore(node: "/dev/nvme3n1")))
        }
    }

    @Test("two disks that fit are refused, both named")
    func twoMatches() throws {
        let twin = Self.nvme(5, volume: "vol-0123456789abcdef0", name: "sdb")
        let expected = DeviceSelection.notYet(.severalDevices(["/dev/nvme1n1", "/dev/nvme5n1"]))
        for id in [nil, "vol-0123456789abcdef0"] {
            #expect(DeviceSelection.select(try Self.spec(id), among: [Self.data, twin], path: .absent) == expected)
        }
    }

    @Test("a partition of the wanted volume may be named by its path")
    func partition() throws {
        var partition = Self.data
        partition.node = "/dev/nvme1n1p1"
        let spec = try Self.spec("vol-0123456789abcdef0", device: "/dev/nvme1n1p1")
        let selection = DeviceSelection.select(spec, among: [Self.data], path: .blockDevice(partition))
        #expect(selection == .found(partition, by: .volumeID))
    }

    @Test("a file in the place of the device, a device of size 0 and nothing at all are waited for")
    func notYet() throws {
        let spec = try Self.spec()
        var empty = Self.xen
        empty.size = 0
        #expect(
            DeviceSelection.select(spec, among: [], path: .other(kind: "a regular file"))
                == .notYet(.notABlockDevice(kind: "a regular file"))
        )
        #expect(DeviceSelection.select(spec, among: [], path: .blockDevice(empty)) == .notYet(.deviceEmpty))
        #expect(
            DeviceSelection.select(spec, among: [Self.root], path: .absent) == .notYet(.deviceAbsent(seen: [Self.root]))
        )
    }

    @Test(
        "a number behind the name of an attachment is a partition of it, with and without the volume id",
        arguments: ["/dev/xvdb1", "/dev/sdb1"],
        [nil, "vol-0123456789abcdef0"]
    )
    func partitionOfAttachment(device: String, id: String?) throws {
        var disk = Self.data
        var partition = Self.data
        (partition.node, partition.number) = ("/dev/nvme1n1p1", DeviceNumber(major: 259, minor: 11))
        disk.partitions = [1: partition]
        let evidence: DeviceSelection.Evidence = id == nil ? .ebsDeviceName : .volumeID
        let spec = try Self.spec(id, device: device)
        #expect(
            DeviceSelection.select(spec, among: [Self.root, disk], path: .absent) == .found(partition, by: evidence)
        )
        // udev's link agrees, and is not taken for a stale one.
        let byLink = DeviceSelection.select(spec, among: [disk], path: .blockDevice(partition))
        #expect(byLink == .found(partition, by: evidence))
        // Never the whole disk instead: it may be blank while the partition is not there yet.
        #expect(
            DeviceSelection.select(spec, among: [Self.data], path: .absent)
                == .notYet(.partitionAbsent(disk: "/dev/nvme1n1", number: 1))
        )
    }

    @Test("an attachment whose own name ends in a number is a whole disk")
    func numberedAttachment() throws {
        let disk = Self.nvme(4, volume: "vol-0bbbbbbbbbbbbbbb0", name: "sdf1")
        for id in [nil, "vol-0bbbbbbbbbbbbbbb0"] {
            let selection = DeviceSelection.select(
                try Self.spec(id, device: "/dev/xvdf1"),
                among: [Self.other, disk],
                path: .absent
            )
            #expect(selection == .found(disk, by: id == nil ? .ebsDeviceName : .volumeID))
        }
    }

    @Test("a partition by the kernel's name of its disk is found by the volume id, whatever the disk is called now")
    func partitionByKernelName() throws {
        var disk = Self.data
        var partition = Self.data
        partition.node = "/dev/nvme1n1p2"
        disk.partitions = [2: partition]
        let spec = try Self.spec("vol-0123456789abcdef0", device: "/dev/nvme5n1p2")
        let selection = DeviceSelection.select(spec, among: [Self.root, disk], path: .absent)
        #expect(selection == .found(partition, by: .volumeID))
    }
}
