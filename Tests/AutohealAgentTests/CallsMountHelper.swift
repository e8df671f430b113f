import TestSupport

/// Calls the program by its name mount.autoheal, as mount(8) calls it.
protocol CallsMountHelper {}

extension CallsMountHelper {
    static var id: String { "vol-0123456789abcdef0" }
    static var name: [String] { ["bash", "-c", "exec -a /sbin/mount.autoheal \"$@\"", "bash"] }

    func helper(
        _ volume: borrowing TestVolume,
        _ options: String = "",
        _ arguments: [String] = [],
        spec: String = Self.id,
        under wrapper: [String] = [],
        while body: (RunningAgent) async throws -> Void = { _ in }
    ) async throws -> AgentRun {
        let settings = "rw,autoheal.device=\(volume.node),autoheal.tries=2,autoheal.interval=0.1"
        let fstab = "\(volume.directory.path)/fstab"
        if !Files.exists(fstab) { try Files.write(line(volume), to: fstab) }
        let all = [settings, options].filter { !$0.isEmpty }.joined(separator: ",")
        return try await volume.agent.run(
            [spec, volume.mountPoint, "-o", all] + arguments,
            under: wrapper + Self.name,
            environment: ["LIBMOUNT_FSTAB": fstab],
            while: body
        )
    }

    func line(_ volume: borrowing TestVolume, _ more: String = "") -> String {
        "\(Self.id) \(volume.mountPoint) autoheal nofail,x-systemd.mount-timeout=infinity,autoheal.device=\(volume.node),"
            + "autoheal.tries=2,autoheal.interval=0.1\(more) 0 0\n"
    }

    static func report(_ mountPoint: String) -> String {
        mountPoint.split(separator: "/").map { $0.replacing("-", with: "\\x2d") }.joined(separator: "-") + ".json"
    }

    static func unit(_ mountPoint: String) -> String { report(mountPoint).replacing(".json", with: ".mount") }
}
