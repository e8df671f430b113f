import Glibc
import SystemPackage

/// One volume to try the agent on: an image in memory, a loop device on it, and a mount point, a runtime directory and logs
/// of its own.
package struct TestVolume: ~Copyable {
    package let directory: ScratchDirectory
    package let device: LoopDevice
    package let image: String
    /// Bytes of the image at the beginning.
    package let size: UInt64
    package let mountPoint: String
    package let agent: Agent

    /// A blank one.
    ///
    /// - Parameters:
    ///   - size: bytes.
    ///   - attached: whether the image is behind the device from the start.
    package init(size: UInt64 = 64 << 20, attached: Bool = true) throws {
        let directory = try ScratchDirectory()
        let device = try LoopDevice()
        let path = directory.path
        try Files.makeSparse("\(path)/image", size: size)
        if attached { try device.attach("\(path)/image") }
        self.directory = directory
        self.device = device
        self.size = size
        image = "\(path)/image"
        mountPoint = "\(path)/data"
        agent = Agent(in: path)
    }

    package var node: String { device.node }

    /// What the device holds now, its cache written back.
    package func snapshot() throws -> Snapshot {
        try device.flush()
        return try Snapshot(of: image)
    }

    /// Bytes of the image, the device's cache written back.
    package func bytes(at offset: UInt64, count: Int) throws -> [UInt8] {
        try device.flush()
        let file = open(image, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        guard pread(file, &bytes, count, off_t(offset)) == count else { throw Errno(rawValue: errno) }
        return bytes
    }

    /// The flags that every run of this volume begins with.
    package func flags(_ command: String = "mount") -> [String] {
        [command, "--device", node, "--mount-point", mountPoint, "--tries", "2", "--interval", "0.1"]
    }

    /// Runs the agent; of two equal flags the later one counts.
    package func run(
        _ command: String = "mount",
        _ flags: [String] = [],
        under wrapper: [String] = [],
        while body: (RunningAgent) async throws -> Void = { _ in }
    ) async throws -> AgentRun {
        try await agent.run(self.flags(command) + flags, under: wrapper, while: body)
    }

    /// mount(8), for a look with other eyes than the agent's.
    package func mount(_ options: String = "defaults", at target: String? = nil) async throws {
        let target = target ?? mountPoint
        if !Files.exists(target) { try Files.makeDirectory(target) }
        try await Command.check("mount", ["-o", options, node, target])
    }

    /// umount(8), until nobody holds the device any more: a namespace that was born meanwhile may keep the mount for a moment.
    package func unmount(_ target: String? = nil) async throws {
        try await Command.check("umount", [target ?? mountPoint])
        let number = device.deviceNumber
        guard !Mounts.all().contains(where: { $0.number == number }) else { return }
        try await Eventually.holds("\(node) is free") { (try? HeldDevice(node, .exclusive)) != nil }
    }

    /// Whether this device, and nothing over it, is visible at the mount point.
    package var isMounted: Bool {
        let mounts = Mounts.at(mountPoint)
        return mounts.count == 1 && mounts[0].number == device.deviceNumber
    }

    /// The value of a tag by `blkid -p`, which reads the device and no cache.
    package func tag(_ name: String) async throws -> String {
        let completed = try await Command.run("blkid", ["-p", "-s", name, "-o", "value", node])
        return completed.output.split(separator: "\n").first.map(String.init) ?? ""
    }
}
