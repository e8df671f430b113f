import AutohealHost
import AutohealPlan
import AutohealSpec
import AutohealState
import TestSupport
import Testing

@Suite("Block devices in sysfs")
struct BlockDeviceScannerTests {
    static let ebs = "Amazon Elastic Block Store"

    static func page(name: String, serial: String = "vol0123456789abcdef0", model: String = ebs) -> [UInt8] {
        var page = [UInt8](repeating: 0x20, count: 4096)
        (page[0], page[1]) = (0x0F, 0x1D)
        for (offset, text) in [(4, serial), (24, model), (3072, name)] {
            for (index, byte) in text.utf8.enumerated() { page[offset + index] = byte }
        }
        return page
    }

    func device(answering identify: @escaping BlockDeviceScanner.Identify) throws -> BlockDevice? {
        let machine = try RecordedMachine()
        try machine.addNVMe("nvme1n1", number: "259:1", model: Self.ebs, serial: "vol0123456789abcdef0")
        return BlockDeviceScanner(roots: machine.roots, identify: identify).devices().first
    }

    @Test("an EBS volume on Nitro is known by volume id and by the name of its attachment")
    func nitro() throws {
        let device = try device { _ in Self.page(name: "xvdb") }
        #expect(device?.node.hasSuffix("/dev/nvme1n1") == true && device?.size == 16 << 30)
        #expect(device?.number == DeviceNumber(major: 259, minor: 1))
        #expect(device?.identity.volumeID == VolumeID("vol-0123456789abcdef0"))
        #expect(device?.identity.ebsDeviceName == "xvdb")
    }

    @Test("if the controller does not answer, sysfs alone gives the volume id")
    func withoutIdentify() throws {
        let identity = try device { _ in nil }?.identity
        #expect(identity?.volumeID == VolumeID("vol-0123456789abcdef0") && identity?.ebsDeviceName == nil)
    }

    @Test("a page that is short, hostile or of another disk is not believed")
    func hostilePages() throws {
        let pages = [
            [], [UInt8](repeating: 0xFF, count: 100), [UInt8](repeating: 0xFF, count: 4096),
            Self.page(name: "\u{1B}]0;"), Self.page(name: "xvdb", serial: "vol0aaaaaaaaaaaaaaa0"),
        ]
        for page in pages {
            let identity = try device { _ in page }?.identity
            #expect(identity?.ebsDeviceName == nil)
            #expect(identity?.volumeID == VolumeID("vol-0123456789abcdef0"))
        }
    }

    @Test("instance storage is marked, and nobody asks it for a name")
    func instanceStore() throws {
        let machine = try RecordedMachine()
        try machine.addNVMe(
            "nvme2n1",
            number: "259:2",
            model: "Amazon EC2 NVMe Instance Storage",
            serial: "vol0123456789abcdef0"
        )
        let scanner = BlockDeviceScanner(roots: machine.roots) { _ in Self.page(name: "xvdb") }
        #expect(scanner.devices().first?.identity.kind == .instanceStore)
        #expect(scanner.devices().first?.identity.volumeID == nil)
    }

    @Test("partitions, empty loop devices and broken entries are not listed")
    func notListed() throws {
        let machine = try RecordedMachine()
        try machine.add("xvda", ["dev": "202:0", "size": "16777216"])
        try machine.add("xvda1", ["dev": "202:1", "size": "16775168", "partition": "1"])
        try machine.add("loop0", ["dev": "7:0", "size": "0"])
        try machine.add("broken", ["dev": "not a number", "size": "1"])
        try machine.add("nothing", [:])
        #expect(BlockDeviceScanner(roots: machine.roots).devices().map(\.number.description) == ["202:0"])
    }

    @Test(
        "sizes that cannot be are size 0",
        arguments: ["-1", "", "x", "18446744073709551615", "9999999999999999999999"]
    )
    func hostileSizes(size: String) throws {
        let machine = try RecordedMachine()
        try machine.add("xvdb", ["dev": "202:16", "size": size])
        #expect(BlockDeviceScanner(roots: machine.roots).devices().first?.size == 0)
    }

    @Test("a path that is missing, a file or a dangling link is told apart")
    func targets() throws {
        let scratch = try ScratchDirectory()
        try Files.write("", to: "\(scratch.path)/file")
        let scanner = BlockDeviceScanner()
        #expect(scanner.target(of: "\(scratch.path)/none") == .absent)
        #expect(scanner.target(of: "\(scratch.path)/file") == .other(kind: "a regular file"))
        #expect(scanner.target(of: scratch.path) == .other(kind: "a directory"))
        #expect(scanner.target(of: "/dev/null") == .other(kind: "a character device"))
    }

    @Test("the partitions of a disk are known by their numbers, and are the volume that the disk is")
    func partitions() throws {
        let machine = try RecordedMachine()
        try machine.addNVMe("nvme1n1", number: "259:1", model: Self.ebs, serial: "vol0123456789abcdef0")
        for number in [1, 12] {
            try machine.add(
                "nvme1n1/nvme1n1p\(number)",
                ["dev": "259:\(number + 1)", "size": "2048", "partition": "\(number)"]
            )
        }
        let disk = try #require(
            BlockDeviceScanner(roots: machine.roots) { _ in Self.page(name: "xvdf") }.devices().first
        )
        #expect(disk.partitions.keys.sorted() == [1, 12])
        #expect(disk.partitions[12]?.node == machine.roots.dev + "/nvme1n1p12")
        #expect(disk.partitions[12]?.number == DeviceNumber(major: 259, minor: 13))
        #expect(disk.partitions[1]?.identity == disk.identity && disk.partitions[1]?.size == 1 << 20)
    }
}
