import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
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

    static func failure(_ step: String, _ status: AutohealPlan.ExitStatus) -> VolumeError {
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

    @Test("a step that could be done without is a warning, and not among those that were done")
    func warnings() async throws {
        var state = Self.blank()
        state.device.content = .filesystem(.init(type: .ext4, size: Combinations.size / 2))
        let host = SimulatedHost(state) { step in
            switch step.name {
            case "grow": Self.failure("grow", .cannotCreate)
            case "check":
                .skipped(HostError("e2fsck", "/dev/xvdb", .text("unsupported feature(s)"), exitStatus: .osError))
            default: nil
            }
        }
        let spec = try VolumeSpec.test()
        let outcome = await Engine(host: host, logger: silentLogger()).mount(spec)
        #expect(
            outcome.exitStatus == .ok && outcome.reason == "The volume is mounted after mount.",
            "\(outcome.reason)"
        )
        #expect(outcome.warnings.count == 2 && outcome.warnings.last?.contains("was not grown from 512.0 MiB") == true)
        let report = Report(spec: spec, outcome: outcome, time: 0, duration: 0)
        #expect(report.warnings == outcome.warnings && report.steps == ["mount"])

        #expect(report.heal?.parts.keys.sorted() == ["mount", "wait"])

        let again = await Engine(host: host, logger: silentLogger()).mount(spec)
        #expect(again.name == "unchanged" && again.warnings.count == 1)
        let next = Report(spec: spec, outcome: again, previous: report, time: 1, duration: 1)
        #expect(next.heal == report.heal, "the last heal stays known after a run that had nothing to do")
    }

    @Test("what was overtaken by somebody else is looked at again, three times in all")
    func overtaken() async throws {
        for rounds in 1...3 {
            var state = Self.blank()
            state.device.content = .filesystem(.init(type: .ext4, size: Combinations.size))
            let host = OvertakenHost(state, rounds: rounds)
            let outcome = await Engine(host: host, logger: silentLogger()).mount(try .test())
            #expect(outcome.exitStatus == (rounds < 3 ? .ok : .temporaryFailure), "\(outcome.reason)")
            #expect(host.attempts == min(rounds + 1, 3))
        }
    }
}
