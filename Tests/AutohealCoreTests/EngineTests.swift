import AutohealCore
import SystemPackage
import TestSupport
import Testing

@Suite("Engine")
struct EngineTests {
    static func blank(mountPoint: MountPointState = .absent) -> VolumeState {
        VolumeState(
            device: DeviceState(
                node: "/dev/xvdb",
                number: Combinations.number,
                size: Combinations.size,
                content: Combinations.blank
            ),
            mountPoint: mountPoint
        )
    }

    static func failure(_ step: String, _ status: AutohealCore.ExitStatus) -> VolumeError {
        .failed(HostError(step, "/dev/xvdb", .errno(.ioError), exitStatus: status))
    }

    @Test("a required step that fails ends the run with its own exit status", arguments: ["format", "mount"])
    func requiredStepFails(name: String) async throws {
        let host = SimulatedHost(Self.blank()) { $0.name == name ? Self.failure(name, .cannotCreate) : nil }
        let outcome = await Engine(host: host, logger: silentLogger()).mount(try .test())
        #expect(outcome == .stopped(Self.failure(name, .cannotCreate)))
        #expect(!host.performed.contains { $0.name == "mount" })
    }

    @Test("an optional step that fails is a warning", arguments: ["protect-mount-point", "grow"])
    func optionalStepFails(name: String) async throws {
        var state = Self.blank()
        state.device.content = .filesystem(.init(type: .ext4, size: Combinations.size / 2))
        let host = SimulatedHost(state) { $0.name == name ? Self.failure(name, .cannotCreate) : nil }
        let outcome = await Engine(host: host, logger: silentLogger()).mount(try .test())
        #expect(outcome.exitStatus == .ok)
    }

    @Test("a step that does nothing is found out: the volume has not converged")
    func liar() async throws {
        let host = LyingHost(state: Self.blank(mountPoint: .directory(isEmpty: true, isProtected: true)))
        let outcome = await Engine(host: host, logger: silentLogger()).mount(try .test())
        #expect(outcome.name == "not-converged" && outcome.exitStatus == .software)
    }

    @Test("a device that cannot be read is read five times more, then refused")
    func unreadable() async throws {
        let host = FlakyHost(good: Self.blank(), failures: 6)
        #expect(await Engine(host: host, logger: silentLogger()).mount(try .test()).exitStatus == .ioError)
        let recovering = FlakyHost(good: Self.blank(), failures: 5)
        #expect(await Engine(host: recovering, logger: silentLogger()).plan(try .test()).exitStatus == .ok)
    }
}
