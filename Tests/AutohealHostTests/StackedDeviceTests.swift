import AutohealHost
import AutohealPlan
import AutohealSpec
import AutohealState
import TestSupport
import Testing

/// Devices of device mapper in a recorded sysfs. The node is a loop device's, since only a real node can be looked up.
@Suite("Stacked devices", .requiresRoot)
struct StackedDeviceTests {
    static let other = "vol0fffffffffffffff0"

    /// What is found at a path that is a device on these disks, each with the serial of its volume.
    private func identity(on disks: [(name: String, serial: String, partition: Bool)]) throws -> DeviceIdentity? {
        let machine = try RecordedMachine()
        let device = try LoopDevice()
        try machine.add("dm-1", ["dev": device.deviceNumber, "size": "2048"])
        try machine.makeDirectory("/sys/class/block/dm-1/slaves")
        try machine.link("/sys/dev/block/\(device.deviceNumber)", to: "/sys/class/block/dm-1")
        // One more storey: the volume group is on an encrypted container.
        try machine.add("dm-0", ["dev": "253:0", "size": "2048"])
        try machine.makeDirectory("/sys/class/block/dm-0/slaves")
        try machine.link("/sys/class/block/dm-1/slaves/dm-0", to: "/sys/class/block/dm-0")
        for (index, disk) in disks.enumerated() {
            try machine.addNVMe(
                disk.name,
                number: "259:\(index)",
                model: BlockDeviceScannerTests.ebs,
                serial: disk.serial
            )
            var target = disk.name
            if disk.partition {
                target = "\(disk.name)/\(disk.name)p1"
                try machine.add(target, ["dev": "259:\(index + 10)", "size": "2048", "partition": "1"])
            }
            try machine.link("/sys/class/block/dm-0/slaves/disk\(index)", to: "/sys/class/block/\(target)")
        }
        let scanner = BlockDeviceScanner(roots: machine.roots) { _ in nil }
        guard case .blockDevice(let found) = scanner.target(of: device.node) else { return nil }
        // A list of disks shows each volume once.
        let volumes = scanner.devices().compactMap(\.identity.volumeID)
        #expect(volumes.count == disks.count)
        return found.identity
    }

    @Test("a device that is built on one volume is that volume", arguments: [false, true])
    func one(partition: Bool) throws {
        let identity = try identity(on: [("nvme1n1", "vol0123456789abcdef0", partition)])
        #expect(identity?.volumeID == VolumeID("vol-0123456789abcdef0"))
        let spec = try VolumeSpec.test {
            $0.device = "/dev/mapper/data"
            $0.volumeID = "vol-0123456789abcdef0"
        }
        let device = BlockDevice(
            node: "/dev/dm-1",
            number: DeviceNumber(major: 253, minor: 1),
            size: 1 << 20,
            identity: identity ?? .unknown
        )
        let selection = DeviceSelection.select(spec, among: [], path: .blockDevice(device))
        #expect(selection == .found(device, by: .volumeID))
    }

    @Test("a device that is built on two volumes is neither")
    func two() throws {
        let identity = try identity(on: [("nvme1n1", "vol0123456789abcdef0", false), ("nvme2n1", Self.other, false)])
        #expect(identity?.volumeID == nil && identity?.kind == .unknown)
    }

    @Test("a device that is built on another volume is refused with that one's id")
    func wrong() throws {
        let identity = try #require(try identity(on: [("nvme1n1", Self.other, true)]))
        let spec = try VolumeSpec.test { $0.volumeID = "vol-0123456789abcdef0" }
        let device = BlockDevice(
            node: "/dev/dm-1",
            number: DeviceNumber(major: 253, minor: 1),
            size: 1 << 20,
            identity: identity
        )
        let found = try #require(VolumeID("vol-0fffffffffffffff0"))
        #expect(
            DeviceSelection.select(spec, among: [], path: .blockDevice(device))
                == .notYet(.wrongVolume(node: "/dev/dm-1", found: found))
        )
    }
}
