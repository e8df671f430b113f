import AutohealCore
import FoundationEssentials
import Testing

@Suite("Blankness")
struct BlanknessTests {
    static let sizes: [UInt64] = [
        0, 1, 4095, 1 << 20, 8 << 20, (8 << 20) + 1, 64 << 20, 100 << 20, 128 << 20, 200 << 20, 1 << 30, 16 << 30,
        300 << 30, 1 << 40, 16 << 40, (16 << 40) - 4097, 1 << 60,
    ]

    @Test("the samples lie on the device and do not overlap", arguments: sizes)
    func ranges(size: UInt64) {
        let all = BlanknessSamples(deviceSize: size).all
        for range in all { #expect(range.upperBound <= size) }
        for (left, right) in zip(all, all.dropFirst()) { #expect(left.upperBound <= right.lowerBound) }
    }

    @Test("both ends, every backup superblock and mirror, and up to 128 places between are read")
    func places() {
        let size: UInt64 = 1 << 40
        let end: UInt64 = 4 << 20
        let samples = BlanknessSamples(deviceSize: size)
        #expect(samples.ends == [0..<end, size - end..<size])
        let offsets: [UInt64] = [
            1024 * 8193, 2048 * 16384, 4096 * 32768, 4096 * 98304, 64 << 10, 64 << 20, 256 << 30,
        ]
        for offset in offsets { #expect(samples.all.contains { $0.contains(offset) }, "\(offset)") }
        #expect(samples.spread.count == 128)
        // Spread over the whole device, not only its beginning.
        let late = size - size / 64
        #expect(samples.spread.contains { $0.lowerBound > late })
    }

    @Test("a small device is read to its last byte")
    func smallDevice() {
        let size: UInt64 = 8 << 20
        #expect(BlanknessSamples(deviceSize: size).ends == [0..<size])
    }

    @Test(
        "no gap between two samples is much wider than the others",
        arguments: [64 << 20, 1 << 30, 16 << 40] as [UInt64]
    )
    func gaps(size: UInt64) {
        let all = BlanknessSamples(deviceSize: size).all
        let widest = zip(all, all.dropFirst()).map { $1.lowerBound - $0.upperBound }.max() ?? size
        #expect(widest <= size / BlanknessSamples.spreadCount * 2)
    }

    @Test("on a device of EBS's smallest size, some samples show what a killed mkfs cannot have written")
    func bodySamples() {
        let spread = BlanknessSamples(deviceSize: 1 << 30).spread
        #expect(spread.filter { BlanknessSamples.isBeyondMetadata($0.lowerBound) }.count >= 32)
    }

    // What the samples say.

    let marker = IntentMarker(filesystemUUID: UUID(), time: 0, deviceSize: 1 << 30)

    func findings(_ change: (inout SampleFindings) -> Void) -> DeviceContent {
        var findings = SampleFindings()
        change(&findings)
        return findings.content
    }

    func backup(uuid: UUID) -> SampleFindings.ExtBackup {
        var bytes = [UInt8](repeating: 0, count: 1024)
        (bytes[0x38], bytes[0x39], bytes[0x18], bytes[0x5A]) = (0x53, 0xEF, 2, 1)
        withUnsafeBytes(of: uuid.uuid) { bytes.replaceSubrange(0x68..<0x78, with: $0) }
        guard let superblock = Ext4Superblock(bytes: bytes) else { preconditionFailure("not a superblock") }
        return .init(offset: 134_217_728, superblock: superblock)
    }

    @Test("zero everywhere is blank; zero but for our marker is ours")
    func zero() {
        #expect(findings { _ in } == .blank)
        #expect(findings { $0.marker = marker } == .interruptedFormat(marker))
    }

    @Test("data without a marker is data")
    func data() {
        #expect(findings { $0.firstData = 7 } == .unknownData(offset: 7))
    }

    @Test("with our marker, what a killed mkfs leaves is resumed")
    func killedMkfs() {
        let resumed = findings {
            $0.marker = marker
            $0.firstData = 4096
            $0.extBackups = [backup(uuid: marker.filesystemUUID)]
        }
        #expect(resumed == .interruptedFormat(marker))
    }

    @Test("a marker does not excuse data where mkfs writes none")
    func markerAndData() {
        let content = findings {
            $0.marker = marker
            $0.firstData = 4096
            $0.firstBodyData = 70 << 20
        }
        #expect(content == .unknownData(offset: 70 << 20))
    }

    @Test("a marker does not excuse the backup superblock of another file system")
    func markerAndForeignBackup() {
        let content = findings {
            $0.marker = marker
            $0.firstData = 4096
            $0.extBackups = [backup(uuid: UUID())]
        }
        #expect(content == .damaged(.lostSuperblock(backupOffset: 134_217_728, blockSize: 4096)))
    }
}
