import AutohealState
import Testing

@Suite("Blankness survey")
struct BlanknessSurveyTests {
    static let sizes: [UInt64] = [
        0, 1, 4095, 1 << 20, 8 << 20, (8 << 20) + 1, 64 << 20, 256 << 20, (256 << 20) + 512, 300 << 20, 1 << 30,
        16 << 30,
        300 << 30, 1 << 40, 16 << 40, (16 << 40) - 4097, 64 << 40, 1 << 60,
    ]

    @Test("the places lie on the device, do not overlap, and begin where O_DIRECT can read", arguments: sizes)
    func places(size: UInt64) {
        let places = BlanknessSurvey(deviceSize: size, seed: 1).places
        for place in places {
            #expect(place.upperBound <= size && place.lowerBound % 4096 == 0)
            #expect(place.upperBound % 4096 == 0 || place.upperBound == size)
        }
        for (left, right) in zip(places, places.dropFirst()) { #expect(left.upperBound < right.lowerBound) }
    }

    @Test("a device of up to 256 MiB is read to its last byte", arguments: sizes.filter { $0 <= 256 << 20 && $0 > 0 })
    func smallDevice(size: UInt64) {
        let survey = BlanknessSurvey(deviceSize: size, seed: 1)
        #expect(survey.places == [0..<size] && survey.coverage.isWhole)
        #expect(survey.coverage.description.hasPrefix("all "))
    }

    @Test("both ends and every backup superblock and mirror are read whole", arguments: sizes.filter { $0 > 256 << 20 })
    func ends(size: UInt64) throws {
        let places = BlanknessSurvey(deviceSize: size, seed: 1).places
        let first = try #require(places.first)
        let last = try #require(places.last)
        #expect(first.lowerBound == 0 && first.upperBound >= 65 << 20)
        #expect(last.lowerBound <= size - 16 << 20 && last.upperBound == size)
        let copies: [UInt64] = [
            1024 * 8193, 2048 * 16384, 4096 * 32768, 4096 * 98304, 64 << 10, 64 << 20, 256 << 30,
        ]
        for offset in copies where offset < size { #expect(places.contains { $0.contains(offset) }, "\(offset)") }
    }

    @Test(
        "one sample of 16 KiB lies in each of many equal strata",
        arguments: [(300 << 20, 4096), (16 << 30, 4096), (1 << 40, 32_765), (16 << 40, 131_072), (64 << 40, 131_072)]
            as [(UInt64, UInt64)]
    )
    func strata(size: UInt64, count: UInt64) {
        let survey = BlanknessSurvey(deviceSize: size, seed: 7)
        let between = (65 << 20)..<(size - 16 << 20)
        let length = between.upperBound - between.lowerBound
        // Two neighbouring samples, at the far ends of their strata, are at most two strata apart.
        let widest = zip(survey.places, survey.places.dropFirst()).map { $1.lowerBound - $0.upperBound }.max() ?? 0
        #expect(widest <= 2 * (length / count) + 8192)
        let ends: UInt64 = 81 << 20
        let samples = (survey.coverage.bytesRead - ends) / (16 << 10)
        #expect((count - 8...count + 8).contains(samples), "\(samples)")
    }

    @Test("another seed draws other places, the same seed the same ones")
    func seeds() {
        let size: UInt64 = 16 << 30
        let survey = BlanknessSurvey(deviceSize: size, seed: 1)
        #expect(survey == BlanknessSurvey(deviceSize: size, seed: 1))
        let shared = Set(survey.places).intersection(BlanknessSurvey(deviceSize: size, seed: 2).places)
        #expect(shared.count < 50)
    }

    @Test("data that repeats with any period is met, since no sample is at a place that can be known")
    func noAliasing() {
        let size: UInt64 = 16 << 30
        for period in [1 << 20, 8 << 20, 64 << 20, 128 << 20, 1 << 30] as [UInt64] {
            // A quarter of every period is data, wherever it begins.
            for phase in stride(from: UInt64(0), to: period, by: Int(period / 4)) {
                let isMet = BlanknessSurvey(deviceSize: size, seed: 3).places.dropFirst().dropLast().contains { place in
                    (place.lowerBound + period - phase) % period < period / 4
                }
                #expect(isMet, "period \(period), phase \(phase)")
            }
        }
    }
}
