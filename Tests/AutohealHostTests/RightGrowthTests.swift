import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import TestSupport
import Testing

@Suite("Growth of the right file system", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct RightGrowthTests {
    /// As if it had been mounted between the look and the growth.
    @Test func `another file system at the mount point stays as it is`() async throws {
        let planned = try TestVolume(size: 512 << 20)
        let other = try TestVolume(size: 512 << 20)
        try await Command.check("mkfs.xfs", ["-q", other.node])
        try await other.mount()
        try Files.makeSparse(other.image, size: 1 << 30)
        try other.device.updateSize()
        let spec = try VolumeSpec.test {
            $0.device = planned.node
            $0.mountPoint = other.mountPoint
        }
        let host = LinuxHost(runtimeDirectory: RuntimeDirectory(path: planned.agent.runtimeDirectory))
        let logger = silentLogger()
        let size = try await Command.check("stat", ["-f", "-c", "%b", other.mountPoint])
        let device = try await host.waitForDevice(spec, logger: logger)
        await #expect(throws: VolumeError.self) {
            try await host.withLock(on: device, for: spec, purpose: .look, logger: logger) {
                locked async throws(VolumeError) in
                try await host.perform(.grow(.xfs, from: 512 << 20, to: 1 << 30), spec, on: locked, logger: logger)
            }
        }
        let after = try await Command.check("stat", ["-f", "-c", "%b", other.mountPoint])
        #expect(after == size)
        // The same step for the device that is there grows it.
        var right = spec
        right.device = other.node
        let there = try await host.waitForDevice(right, logger: logger)
        try await host.withLock(on: there, for: right, purpose: .look, logger: logger) {
            [right] locked async throws(VolumeError) in
            try await host.perform(.grow(.xfs, from: 512 << 20, to: 1 << 30), right, on: locked, logger: logger)
        }
        let grown = try await Command.check("stat", ["-f", "-c", "%b", other.mountPoint])
        #expect(grown != size)
        try await other.unmount()
    }
}
