import AutohealSpec
import AutohealState
import Testing

@Suite("NVMe identity")
struct IdentityTests {
    /// An Identify Controller page as EBS fills it.
    static func page(
        vendor: UInt16 = 0x1D0F,
        serial: String = "vol0123456789abcdef0",
        model: String = "Amazon Elastic Block Store",
        name: String = "xvdb",
        padding: UInt8 = 0x20
    ) -> [UInt8] {
        var page = [UInt8](repeating: 0, count: 4096)
        page[0] = UInt8(vendor & 0xFF)
        page[1] = UInt8(vendor >> 8)
        func put(_ text: String, at range: Range<Int>) {
            page.replaceSubrange(range, with: repeatElement(padding, count: range.count))
            for (index, byte) in text.utf8.prefix(range.count).enumerated() { page[range.lowerBound + index] = byte }
        }
        put(serial, at: 4..<24)
        put(model, at: 24..<64)
        put(name, at: 3072..<3104)
        return page
    }

    @Test("an EBS page gives the volume id and the name of the attachment", arguments: ["xvdb", "sdb", "/dev/sdb"])
    func ebs(name: String) throws {
        let identity = try #require(NVMeIdentifyController(page: Self.page(name: name))).identity
        #expect(identity.kind == .ebs && identity.ebsDeviceName == name)
        #expect(identity.volumeID == VolumeID("vol-0123456789abcdef0"))
        #expect(EBSDeviceName(name) == EBSDeviceName("/dev/xvdb"))
    }

    @Test("instance storage has no volume id, whatever its serial number looks like")
    func instanceStore() throws {
        let page = Self.page(model: "Amazon EC2 NVMe Instance Storage", name: "", padding: 0)
        let identity = try #require(NVMeIdentifyController(page: page)).identity
        #expect(identity.kind == .instanceStore && identity.volumeID == nil && identity.ebsDeviceName == nil)
    }

    @Test("another vendor's disk is not believed to be EBS")
    func otherVendor() throws {
        let identity = try #require(NVMeIdentifyController(page: Self.page(vendor: 0x8086))).identity
        #expect(identity.kind == .unknown && identity.ebsDeviceName == nil)
    }

    @Test("a short page is no page", arguments: [0, 1, 64, 3103, 4095])
    func short(length: Int) {
        #expect(NVMeIdentifyController(page: Array(Self.page().prefix(length))) == nil)
    }

    @Test(
        "garbage in the name field is no name",
        arguments: ["\u{1B}[31m", "xvdb\nroot", "../../etc", "nvme0n1", "", "xvd"]
    )
    func garbageName(name: String) throws {
        #expect(try #require(NVMeIdentifyController(page: Self.page(name: name))).identity.ebsDeviceName == nil)
    }

    @Test("random pages never crash and never name a volume")
    func randomPages() {
        for _ in 0..<500 {
            let page = (0..<4096).map { _ in UInt8.random(in: 0...255) }
            #expect(NVMeIdentifyController(page: page)?.identity.ebsDeviceName == nil)
        }
    }

    @Test("sd and xvd name the same slot; other names are no EBS names")
    func slots() {
        #expect(EBSDeviceName("/dev/sdf") == EBSDeviceName("xvdf"))
        #expect(EBSDeviceName("xvdba")?.slot == "ba")
        #expect(EBSDeviceName("/dev/sda1")?.slot == "a1")
        for name in ["", "/dev/", "nvme1n1", "/dev/nvme1n1", "xvd", "sd", "sdB", "sdabc", "sd1", "loop0", "/dev//sdb"] {
            #expect(EBSDeviceName(name) == nil, "\(name)")
        }
    }

    @Test("volume ids are read from flags and from serial numbers, in any case")
    func volumeIDs() {
        #expect(VolumeID("vol-0123456789ABCDEF0")?.description == "vol-0123456789abcdef0")
        #expect(VolumeID(nvmeSerial: "vol01234567") == VolumeID("vol-01234567"))
        for text in [
            "", "vol-", "vol-xyz", "i-0123456789abcdef0", "vol-0123456789abcdef", "vol-0123456789abcdef00",
            "vol0123456789abcdef0",
        ] {
            #expect(VolumeID(text) == nil, "\(text)")
        }
    }
}
