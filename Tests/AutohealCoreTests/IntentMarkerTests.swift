import AutohealSpec
import AutohealState
import FoundationEssentials
import Testing

@Suite("Intent marker")
struct IntentMarkerTests {
    static let size: UInt64 = 16 << 30
    static func recipe(_ change: (inout FormatRecipe) -> Void = { _ in }) -> FormatRecipe {
        var recipe = FormatRecipe(
            uuid: UUID(),
            time: 1_790_000_000,
            size: size,
            label: "data",
            owner: .init(user: 1000, group: 1000),
            mode: 0o2750,
            geometry: DeviceGeometry(logicalSector: 512, physicalSector: 4096, minimumIO: 4096, optimalIO: 16384),
            e2fsprogs: "1.47.2-rc1"
        )
        change(&recipe)
        return recipe
    }

    let marker = IntentMarker(
        recipe: recipe(),
        digest: Data((0..<32).map { UInt8($0) }),
        volumeID: VolumeID("vol-0123456789abcdef0")
    )

    private func read(_ block: [UInt8], size: UInt64 = size) -> IntentMarker? {
        IntentMarker(block: block, deviceSize: size)
    }

    @Test("is one block that reads back as it was written")
    func roundTrip() throws {
        let block = try marker.block()
        #expect(block.count == 4096)
        #expect(read(block) == marker)
    }

    @Test("with all that is usual, it fits into one sector, which cannot be torn")
    func oneSector() throws {
        let options = try MkfsOptions(words: ["-m", "0", "-E", "packed_meta_blocks=1"])
        let full = IntentMarker(recipe: Self.recipe { $0.options = options }, digest: marker.digest, volumeID: nil)
        #expect(try full.block()[512...].allSatisfy { $0 == 0 })
    }

    @Test("a recipe with options keeps them, and one that is too long is an error of the options")
    func options() throws {
        let words = ["-m", "0", "-O", "^has_journal", "-E", "stride=4", "-E", "stripe_width=8"]
        var recipe = Self.recipe()
        recipe.options = try MkfsOptions(words: words)
        #expect(read(try IntentMarker(recipe: recipe, digest: marker.digest).block())?.recipe == recipe)
        recipe.options = try MkfsOptions(words: ["-M", "/" + String(repeating: "x", count: 4000)])
        #expect(throws: ConfigurationError.self) { try IntentMarker(recipe: recipe, digest: marker.digest).block() }
    }

    @Test("a single changed bit anywhere makes it invalid")
    func damagedBits() throws {
        let whole = try marker.block()
        for index in Array(0..<640) + Array(stride(from: 640, to: 4096, by: 97)) {
            var block = whole
            block[index] ^= 1 << UInt8(index % 8)
            #expect(read(block) == nil, "byte \(index)")
        }
    }

    @Test("is not valid on a device of another size, such as a grown one")
    func otherSize() throws {
        #expect(read(try marker.block(), size: Self.size * 2) == nil)
    }

    @Test("what nobody could have asked for is no marker, even with the right checksum")
    func unsound() throws {
        let recipes = [
            Self.recipe { $0.label = "seventeen letters" }, Self.recipe { $0.mode = 0o10000 },
            Self.recipe { $0.geometry.logicalSector = 3 }, Self.recipe { $0.time = -1 },
            Self.recipe { $0.e2fsprogs = String(repeating: "1", count: 33) },
        ]
        for recipe in recipes {
            #expect(read(try IntentMarker(recipe: recipe, digest: marker.digest).block()) == nil, "\(recipe)")
        }
        #expect(read(try IntentMarker(recipe: Self.recipe(), digest: Data([1])).block()) == nil)
    }

    @Test("options that read or write another file are not taken from a device")
    func hostileOptions() throws {
        let json = try #require(String(bytes: try JSONEncoder().encode(marker), encoding: .utf8))
        for words in [
            #"["-J","device=/dev/sdb"]"#, #"["-d","/etc"]"#, #"["-l","/etc/passwd"]"#, #"["-E","offset=4096"]"#,
        ] {
            let changed = json.replacing(#""options":[]"#, with: #""options":"# + words)
            #expect(changed != json)
            #expect((try? JSONDecoder().decode(IntentMarker.self, from: Data(changed.utf8))) == nil, "\(words)")
        }
    }

    @Test("random blocks and wrong lengths are no markers", arguments: [0, 1, 15, 16, 512, 4095, 4097])
    func hostile(length: Int) throws {
        let whole = try marker.block()
        let block = length > 4096 ? whole + [0] : Array(whole.prefix(length))
        #expect(read(block) == nil && !IntentMarker.isLegacy(block: block, deviceSize: Self.size))
        let noise = (0..<length).map { _ in UInt8.random(in: 0...255) }
        #expect(read(noise) == nil && !IntentMarker.isLegacy(block: noise, deviceSize: Self.size))
    }

    @Test("the marker of 0.1.0 is known as such, only whole and only at its size")
    func legacy() {
        var block = Array("AUTOHEAL-INTENT\0".utf8) + [1, 0, 0, 0] + [UInt8](repeating: 0, count: 28)
        block += withUnsafeBytes(of: Self.size.littleEndian) { Array($0) }
        block += [UInt8](repeating: 0, count: 4092 - block.count)
        block += withUnsafeBytes(of: crc32(block).littleEndian) { Array($0) }
        #expect(IntentMarker.isLegacy(block: block, deviceSize: Self.size))
        #expect(!IntentMarker.isLegacy(block: block, deviceSize: Self.size + 4096))
        #expect(read(block) == nil)
        block[100] = 1
        #expect(!IntentMarker.isLegacy(block: block, deviceSize: Self.size))
    }

    @Test("lies 128 KiB before the last whole block, and nowhere on a device without room")
    func places() {
        let place: UInt64 = 1 << 30 - 131_072
        #expect(IntentMarker.place(deviceSize: 1 << 30) == place..<place + 4096)
        #expect(IntentMarker.place(deviceSize: 1 << 30 + 4095) == place..<place + 4096)
        #expect(IntentMarker.place(deviceSize: 4096) == nil)
        #expect(IntentMarker.place(deviceSize: 0) == nil)
    }
}
