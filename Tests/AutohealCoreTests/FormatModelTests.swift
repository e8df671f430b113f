import AutohealSpec
import AutohealState
import FoundationEssentials
import TestSupport
import Testing

/// A format on a disk that is a value: cut short after any of its writes, with any of them lost, on top of anything.
@Suite("Model of a format")
struct FormatModelTests {
    /// Eight sectors each; the first has the superblock in its third sector.
    static let blocks: [Range<UInt64>] = [
        0..<4096, 8192..<12288, 1 << 20..<(1 << 20) + 8192, 5 << 20..<(5 << 20) + 4096,
    ]

    static func image(salt: UInt8 = 1) -> ModelDisk {
        var image = ModelDisk()
        for block in blocks {
            for offset in stride(from: block.lowerBound, to: block.upperBound, by: 512)
            where offset != 0 && offset != 512 {
                image.sectors[offset] = [UInt8](
                    repeating: salt &+ UInt8(truncatingIfNeeded: offset >> 9) | 1,
                    count: 512
                )
            }
        }
        return image
    }

    static func format(salt: UInt8 = 1) throws -> ModelFormat {
        try ModelFormat(image: image(salt: salt), blocks: blocks, digest: Data(repeating: salt, count: 32))
    }

    @Test("the sector of the superblock is written last, whole and alone, and everything is written once")
    func schedule() throws {
        let size = ModelDisk.size
        for sectorSize in [512, 1024, 2048, 4096] as [UInt64] {
            let schedule = try #require(FormatSchedule(blocks: Self.blocks, deviceSize: size, sectorSize: sectorSize))
            #expect(
                schedule.superblock.count == Int(sectorSize) && schedule.superblock.contains(FormatSchedule.magicOffset)
            )
            #expect(schedule.body.allSatisfy { !$0.overlaps(schedule.superblock) && !$0.overlaps(schedule.marker) })
            let written = schedule.blocks.reduce(0) { $0 + $1.count }
            #expect(written == Self.blocks.reduce(0) { $0 + $1.count })
        }
        #expect(FormatSchedule(blocks: [8192..<12288], deviceSize: size, sectorSize: 512) == nil, "no superblock")
        let overMarker = Self.blocks + [size - 132_096..<size - 126_976]
        #expect(FormatSchedule(blocks: overMarker, deviceSize: size, sectorSize: 512) == nil)
    }

    @Test("a format that is not disturbed is complete and leaves no marker")
    func whole() throws {
        let format = try Self.format()
        let (disk, outcome) = format.run(on: ModelDisk())
        #expect(outcome == .finished && disk.sectors == format.image.sectors)
    }

    @Test("every prefix of the writes, and every loss between two flushes, is finished by the next run")
    func prefixes() throws {
        let format = try Self.format()
        let phases = format.phases()
        #expect(phases.joined().count <= 12)
        for (index, phase) in phases.enumerated() {
            // What was flushed is there; of what came after, any subset may be.
            for subset in 0..<(1 << phase.count) {
                var disk = ModelDisk()
                for earlier in phases[..<index].joined() { disk.write(earlier) }
                for (bit, write) in phase.enumerated() where subset & 1 << bit != 0 { disk.write(write) }
                let (after, outcome) = format.run(on: disk)
                let isComplete = outcome == .finished || outcome == .hasFilesystem
                #expect(
                    isComplete && after.sectors == format.image.sectors,
                    "phase \(index), subset \(subset): \(outcome)"
                )
            }
        }
    }

    @Test(
        "every subset of all the writes, whatever a device forgets, is finished or refused, and nothing else is written"
    )
    func subsets() throws {
        let format = try Self.format()
        let writes = Array(format.phases().joined())
        for subset in 0..<(1 << writes.count) {
            var disk = ModelDisk()
            for (bit, write) in writes.enumerated() where subset & 1 << bit != 0 { disk.write(write) }
            let before = disk
            let (after, outcome) = format.run(on: disk)
            if outcome == .refused { #expect(after == before, "subset \(subset)") }
            if outcome == .finished { #expect(after.sectors == format.image.sectors, "subset \(subset)") }
        }
    }

    @Test("torn at any sector, it is finished by the next run", arguments: 0..<20 as Range<UInt64>)
    func torn(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let format = try Self.format()
        let phases = format.phases()
        for index in phases.indices {
            for _ in 0..<50 {
                var disk = ModelDisk()
                for earlier in phases[..<index].joined() { disk.write(earlier) }
                for write in phases[index] {
                    for sector in write.sectors where Bool.random(using: &generator) { disk.write(sector) }
                }
                let (after, outcome) = format.run(on: disk)
                let isComplete = outcome == .finished || outcome == .hasFilesystem
                #expect(isComplete && after.sectors == format.image.sectors, "phase \(index): \(outcome)")
            }
        }
    }

    /// What may lie on a disk besides the writes of a format.
    enum Foreign: CaseIterable { case nothing, inBody, whereNothingIsWritten, atMarker, otherImage, superblockAlone }
    enum Marker: CaseIterable { case none, own, ofAnotherImage, legacy, torn }

    @Test(
        "no sector is ever written that was not zero, the image's own, or a marker's",
        arguments: Foreign.allCases,
        Marker.allCases
    )
    func law(foreign: Foreign, marker: Marker) throws {
        let format = try Self.format()
        let other = try Self.format(salt: 77)
        let place = format.schedule.marker.lowerBound
        for remakes in [true, false] {
            for policy in FormatPolicy.allCases where policy != .ifNoSignature {
                for written in 0...format.schedule.body.count {
                    var disk = ModelDisk()
                    for write in format.phases()[1].prefix(written) { disk.write(write) }
                    switch marker {
                    case .none: break
                    case .own: for write in format.phases()[0] { disk.write(write) }
                    case .ofAnotherImage: for write in other.phases()[0] { disk.write(write) }
                    case .legacy: disk.write(.init(offset: place, bytes: ModelFormat.legacyMarker))
                    case .torn:
                        disk.write(.init(offset: place, bytes: Array(try format.marker.block()[..<200])))
                    }
                    switch foreign {
                    case .nothing: break
                    case .inBody: disk.sectors[8192 + 1024] = [UInt8](repeating: 0xEE, count: 512)
                    case .whereNothingIsWritten: disk.sectors[3 << 20] = [UInt8](repeating: 0xEE, count: 512)
                    case .atMarker: disk.sectors[place + 512] = [UInt8](repeating: 0xEE, count: 512)
                    case .otherImage: for write in other.phases()[1] { disk.write(write) }
                    case .superblockAlone: disk.sectors[1024] = [UInt8](repeating: 0xEE, count: 512)
                    }
                    let before = disk
                    let (after, outcome) = format.run(on: disk, policy: policy, remakes: remakes)
                    let wrong = after.sectors.filter { offset, bytes in
                        guard let old = before.sectors[offset], old != bytes else { return false }
                        return !format.schedule.marker.contains(offset)
                    }
                    #expect(
                        wrong.isEmpty
                            && before.sectors.keys.allSatisfy { key in
                                after.sectors[key] != nil || format.schedule.marker.contains(key)
                            }
                    )
                    if before.isMarkerForeign(place) {
                        #expect(after == before, "a block that is no marker was written")
                    }
                    if policy == .never || outcome == .refused { #expect(after == before) }
                    if foreign != .nothing, foreign != .superblockAlone { #expect(outcome == .refused, "\(outcome)") }
                }
            }
        }
    }
}
