import TestSupport

/// A format that was cut short, made by the agent itself.
enum InterruptedFormat {
    /// Kills mkfs before its first write, so that the marker is all there is.
    static func make(on volume: borrowing TestVolume) async throws -> AgentRun {
        try await volume.run(
            // The agent writes once before mkfs: the second write of one process is a write of mkfs.
            under: Strace.wrapper(["pwrite64:signal=SIGKILL:when=2"])
        )
    }

    /// The block at its place on a volume of this size.
    static func marker(deviceSize: UInt64) async throws -> [UInt8] {
        let volume = try TestVolume(size: deviceSize)
        _ = try await make(on: volume)
        return try Files.read(volume.image, at: deviceSize - 128 << 10, count: 4096)
    }
}
