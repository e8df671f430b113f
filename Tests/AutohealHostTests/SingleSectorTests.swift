import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import Foundation
import TestSupport
import Testing

/// One sector that is not zero, at any place that is read, and the device is not formatted. AUTOHEAL_FUZZ_SECONDS says for
/// how long (default: 30), AUTOHEAL_FUZZ_SEED from where (default: 1).
@Suite("One sector of data", .serialized, .requiresRoot, .timeLimit(.minutes(60)))
struct SingleSectorTests {
    private func number(_ name: String, default value: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? value
    }

    @Test func `no device with one sector of data inside what is read is ever formatted`() async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(number("AUTOHEAL_FUZZ_SECONDS", default: 30))
        var seed = number("AUTOHEAL_FUZZ_SEED", default: 1)
        var tries = 0
        while clock.now < end {
            var generator = SeededGenerator(seed: seed)
            // From 8 MiB to 4 TiB, odd ends included; the larger ones take longer and are rarer.
            let bits = min(UInt64.random(in: 23...42, using: &generator), UInt64.random(in: 23...42, using: &generator))
            let size = (1 << bits) + UInt64.random(in: 0..<1 << bits, using: &generator) / 512 * 512
            let survey = BlanknessSurvey(deviceSize: size, seed: seed)
            let place = try #require(survey.places.randomElement(using: &generator))
            let sector = UInt64.random(in: place.lowerBound / 512..<place.upperBound / 512, using: &generator) * 512
            let length = Int.random(in: 1...512, using: &generator)
            let bytes = (0..<length).map { _ in UInt8.random(in: 1...255, using: &generator) }
            let offset = sector + UInt64(Int.random(in: 0...512 - length, using: &generator))

            let volume = try TestVolume(size: size)
            try Files.overwrite(volume.image, at: offset, with: bytes)
            var settings = VolumeSettings()
            settings.device = volume.node
            settings.mountPoint = volume.mountPoint
            let host = LinuxHost(
                runtimeDirectory: RuntimeDirectory(path: volume.agent.runtimeDirectory),
                surveySeed: seed
            )
            let outcome = await Engine(host: host, logger: silentLogger()).mount(try VolumeSpec(settings))
            #expect(
                outcome.exitStatus == .dataError,
                "seed \(seed), \(size) bytes, data at \(offset): \(outcome.reason)"
            )
            seed += 1
            tries += 1
        }
        #expect(tries > 10)
    }
}
