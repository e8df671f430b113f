import TestSupport

/// A format that was cut short, made by the agent itself.
enum InterruptedFormat {
    /// Kills the agent before it flushes what it wrote first, so that the marker is all there is.
    static func make(on volume: borrowing TestVolume) async throws -> AgentRun {
        try await volume.run(under: Strace.wrapper(["fsync:signal=SIGKILL:when=1"], path: volume.node))
    }

    /// The block at its place on a volume of this size.
    static func marker(deviceSize: UInt64) async throws -> [UInt8] {
        let volume = try TestVolume(size: deviceSize)
        _ = try await make(on: volume)
        return try Files.read(volume.node, at: deviceSize - 128 << 10, count: 4096)
    }
}
