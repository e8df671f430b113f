import AutohealCore
import FoundationEssentials
import Testing

@Suite("Intent marker")
struct IntentMarkerTests {
    let size: UInt64 = 16 << 30
    let marker = IntentMarker(
        filesystemUUID: UUID(),
        time: 1_790_000_000,
        deviceSize: 16 << 30,
        volumeID: VolumeID("vol-0123456789abcdef0")
    )

    @Test("is one block that reads back as it was written")
    func roundTrip() {
        #expect(marker.bytes.count == 4096)
        #expect(IntentMarker(block: marker.bytes, deviceSize: size) == marker)
    }

    @Test("a single changed bit anywhere makes it invalid")
    func damagedBits() {
        // Every byte of the fields and of the checksum, and some of the padding between.
        for index in Array(0..<128) + Array(stride(from: 128, to: 4088, by: 97)) + Array(4088..<4096) {
            var block = marker.bytes
            block[index] ^= 1 << UInt8(index % 8)
            #expect(IntentMarker(block: block, deviceSize: size) == nil, "byte \(index)")
        }
    }

    @Test("is not valid on a device of another size, such as a grown one")
    func otherSize() {
        #expect(IntentMarker(block: marker.bytes, deviceSize: size * 2) == nil)
    }

    @Test("random blocks and wrong lengths are no markers", arguments: [0, 1, 15, 16, 512, 4095, 4097])
    func hostile(length: Int) {
        let block = length > 4096 ? marker.bytes + [0] : Array(marker.bytes.prefix(length))
        #expect(IntentMarker(block: block, deviceSize: size) == nil)
        let noise = (0..<length).map { _ in UInt8.random(in: 0...255) }
        #expect(IntentMarker(block: noise, deviceSize: size) == nil)
    }

    @Test("lies 128 KiB before the last whole block, and nowhere on a device without room")
    func offsets() {
        #expect(IntentMarker.offset(deviceSize: 1 << 30) == 1 << 30 - 131_072)
        #expect(IntentMarker.offset(deviceSize: 1 << 30 + 4095) == 1 << 30 - 131_072)
        #expect(IntentMarker.offset(deviceSize: 4096) == nil)
        #expect(IntentMarker.offset(deviceSize: 0) == nil)
    }
}
