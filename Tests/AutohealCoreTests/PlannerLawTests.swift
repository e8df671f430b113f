import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import TestSupport
import Testing

/// What must hold for every combination of what is there and what is wished. The products are large, so that each law
/// collects what breaks it and is asserted once.
@Suite("Laws of the planner")
struct PlannerLawTests {
    @Test("only a provably blank device is ever formatted", arguments: Combinations.settings)
    func formatsOnlyBlank(settings: VolumeSettings) throws {
        let spec = try VolumeSpec(settings)
        let formatted = Combinations.states.filter { (try? Planner.plan(spec, from: $0))?.formats == true }
        #expect(formatted.isEmpty == (spec.formatPolicy == .never || spec.options.isReadOnly))
        let wrong = formatted.filter { state in
            let isAllowed =
                switch (state.device.content, proof(spec, state)) {
                case (.blank(let coverage, let isMarked), .some(let proof)) where spec.formatPolicy == .ifBlank:
                    proof == .blank(coverage, isMarked: isMarked)
                case (.interruptedFormat(let marker, let coverage), .some(let proof))
                where spec.formatPolicy == .ifBlank:
                    proof == .interrupted(marker, coverage)
                // What promises no proof claims none.
                case (.blank, .some(.unproven)), (.interruptedFormat, .some(.unproven)),
                    (.unrecognised, .some(.unproven)),
                    (.unknownData, .some(.unproven)):
                    spec.formatPolicy == .ifNoSignature
                default: false
                }
            let isUnused = state.device.use == .free && !state.mountPoint.isMounted
            return !isAllowed || !isUnused || state.device.isReadOnly || state.device.size < VolumeSpec.minimumSize
        }
        #expect(wrong == [])
    }

    private func proof(_ spec: VolumeSpec, _ state: VolumeState) -> Step.Proof? {
        (try? Planner.plan(spec, from: state))?.steps.lazy.compactMap { step in
            if case .format(let format) = step { format.proof } else { nil }
        }.first
    }

    @Test("what is asked for read-only is never written to", arguments: Combinations.settings)
    func writesNothingReadOnly(settings: VolumeSettings) throws {
        let spec = try VolumeSpec(settings)
        guard spec.options.isReadOnly else { return }
        let steps = Combinations.states.flatMap { (try? Planner.plan(spec, from: $0))?.steps ?? [] }
        let names: Set = ["create-mount-point", "protect-mount-point", "unmount", "mount"]
        #expect(steps.allSatisfy { names.contains($0.name) })
    }

    @Test("nothing is run on a file system that is larger than its device", arguments: Combinations.settings)
    func refusesCutShort(settings: VolumeSettings) throws {
        let spec = try VolumeSpec(settings)
        let wrong = Combinations.states.filter { state in
            guard case .filesystem(let filesystem) = state.device.content, let size = filesystem.size else {
                return false
            }
            return size > state.device.size && !state.mountPoint.isMounted
                && (try? Planner.plan(spec, from: state)) != nil
        }
        #expect(wrong == [])
    }

    @Test("what is mounted and alive is never anything but grown", arguments: Combinations.settings)
    func leavesMountedAlone(settings: VolumeSettings) throws {
        let spec = try VolumeSpec(settings)
        let wrong = Combinations.states.filter { state in
            state.mountPoint.mount.map { $0.fault == nil } == true
                && (try? Planner.plan(spec, from: state))?.isSatisfied == false
        }
        #expect(wrong == [])
    }

    @Test(
        "only a mount whose device is gone, and of the same volume, is ever unmounted",
        arguments: Combinations.settings
    )
    func unmountsOnlyDead(settings: VolumeSettings) throws {
        let spec = try VolumeSpec(settings)
        let unmounting = Combinations.states.filter { state in
            (try? Planner.plan(spec, from: state))?.steps.contains { if case .unmount = $0 { true } else { false } }
                == true
        }
        #expect(!unmounting.isEmpty)
        let wrong = unmounting.filter { state in
            guard let mount = state.mountPoint.mount, case .filesystem(let filesystem) = state.device.content else {
                return true
            }
            let isSame =
                if let shown = mount.filesystemUUID, let found = filesystem.uuid {
                    shown == found
                } else {
                    mount.volumeID != nil && mount.volumeID == state.device.volumeID
                }
            return !isSame || mount.fault != .deviceGone || mount.root != "/" || mount.number == state.device.number
                || state.device.use != .free
        }
        #expect(wrong == [])
    }

    @Test("carrying out a plan leaves nothing to plan", arguments: Combinations.settings)
    func converges(settings: VolumeSettings) async throws {
        let spec = try VolumeSpec(settings)
        var wrong: [VolumeState] = []
        for state in Combinations.states {
            guard let plan = try? Planner.plan(spec, from: state) else { continue }
            let host = SimulatedHost(state)
            let engine = Engine(host: host, logger: silentLogger())
            let outcome = await engine.mount(spec)
            let hasFormatted = host.performed.contains { $0.name == "format" }
            let isDone = try Planner.plan(spec, from: host.state).isEmpty
            let isUnchanged = host.performed.allSatisfy(\.isPreparation)
            let second = await engine.mount(spec)
            if outcome.exitStatus != .ok || (outcome.name == "unchanged") != isUnchanged
                || hasFormatted != plan.formats || !isDone || second.name != "unchanged"
            {
                wrong.append(state)
            }
        }
        #expect(wrong == [])
    }

    @Test("a refused device is not touched, and plan answers as mount does", arguments: Combinations.settings)
    func refusalTouchesNothing(settings: VolumeSettings) async throws {
        let spec = try VolumeSpec(settings)
        var wrong: [VolumeState] = []
        for state in Combinations.states {
            let host = SimulatedHost(state)
            let engine = Engine(host: host, logger: silentLogger())
            let planned = await engine.plan(spec)
            var isRight = host.performed.isEmpty && host.state == state
            do throws(Refusal) {
                _ = try Planner.plan(spec, from: state)
                isRight = isRight && planned.exitStatus == .ok
            } catch {
                let outcome = await engine.mount(spec)
                isRight =
                    isRight && outcome == .stopped(.refused(error)) && planned == outcome
                    && host.performed.allSatisfy(\.isPreparation) && host.state.device == state.device
                    && outcome.exitStatus != .ok && !error.reason.isEmpty && !error.advice.isEmpty
            }
            if !isRight { wrong.append(state) }
        }
        #expect(wrong == [])
    }
}

extension MountPointState {
    fileprivate var mount: Mount? { if case .mounted(let mount) = self { mount } else { nil } }
    fileprivate var isMounted: Bool { mount != nil }
}

extension Step {
    fileprivate var isPreparation: Bool { self == .createMountPoint || self == .protectMountPoint }
}
