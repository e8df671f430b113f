import AutohealPlan
package import AutohealSpec
import AutohealState
package import Logging

/// Brings one volume from what is to what is wished: observe, plan, perform, and observe again.
package struct Engine<Machine: Host>: Sendable {
    private let host: Machine
    private let logger: Logger

    /// A device that cannot be read is read again this often, `retryPause` apart, before it is refused.
    package static var readRetries: Int { 5 }
    /// How often it is looked and planned, when something else changes the machine in between.
    package static var looks: Int { 3 }
    package static var retryPause: Duration { .milliseconds(200) }

    package init(host: Machine, logger: Logger) {
        self.host = host
        self.logger = logger
    }

    /// Does the whole job.
    package func mount(_ spec: VolumeSpec) async -> Outcome {
        do throws(VolumeError) {
            // Before the wait, so that nothing fills the root disk while the volume is missing.
            for step in try preparation(spec) { _ = try await perform(step, spec, on: nil) }
            let clock = ContinuousClock()
            let start = clock.now
            let device = try await host.waitForDevice(spec, logger: logger)
            let waited = clock.now - start
            let purpose: LockPurpose =
                try isMounted(device, spec) ? .look : spec.options.isReadOnly ? .mountReadOnly : .change
            return try await host.withLock(on: device, for: spec, purpose: purpose, logger: logger) {
                locked async throws(VolumeError) in try await settle(spec, on: locked)
            }
            .after(waiting: waited)
        } catch {
            return .stopped(error)
        }
    }

    /// Says what ``mount(_:)`` would do; changes nothing.
    ///
    /// - Parameter waits: for the device, as ``mount(_:)`` would; else it looks once.
    package func plan(_ spec: VolumeSpec, waits: Bool = false) async -> Outcome {
        var once = spec
        if !waits {
            once.tries = 1
            once.interval = .zero
        }
        do throws(VolumeError) {
            _ = try preparation(once)
            let device = try await host.waitForDevice(once, logger: logger)
            return try await host.withLock(on: device, for: once, purpose: .look, logger: logger) {
                [once] locked async throws(VolumeError) in
                let state = try await settledState(once, locked)
                let plan = try plan(once, from: state)
                for step in plan.steps { try await host.rehearse(step, once, on: locked, logger: logger) }
                return .planned(plan, state)
            }
        } catch {
            return .stopped(error)
        }
    }

    /// Grows the file system of a volume that is mounted as wished, and does nothing else.
    package func grow(_ spec: VolumeSpec) async -> Outcome {
        var once = spec
        once.tries = 1
        once.interval = .zero
        do throws(VolumeError) {
            let device = try await host.waitForDevice(once, logger: logger)
            return try await host.withLock(on: device, for: once, purpose: .look, logger: logger) {
                [once] locked async throws(VolumeError) in
                let (state, growth) = try await growth(once, of: device, locked)
                var results = StepResults()
                for step in growth.steps { results.note(step, try await perform(step, once, on: locked)) }
                guard !results.heal.steps.isEmpty else { return .unchanged(state, warnings: results.warnings) }
                let (after, rest) = try await self.growth(once, of: device, locked)
                return rest.isEmpty
                    ? .changed(results.heal, after, warnings: results.warnings) : .notConverged(rest, after)
            }
        } catch {
            return .stopped(error)
        }
    }

    /// What a mounted volume lacks in size; whatever else it lacks is for the next mount.
    private func growth(
        _ spec: VolumeSpec,
        of device: BlockDevice,
        _ locked: Machine.Device
    ) async throws(VolumeError) -> (VolumeState, Plan) {
        guard try isMounted(device, spec) else {
            throw .failed(
                HostError(
                    "grow",
                    "the file system on \(device.node)",
                    .text("it is not mounted at \(spec.mountPoint)"),
                    exitStatus: .temporaryFailure,
                    advice: "'autoheal-agent mount' mounts it, and grows it then."
                )
            )
        }
        let state = try await host.observe(spec, locked, logger: logger)
        var plan = try plan(spec, from: state)
        plan.steps.removeAll { if case .grow = $0 { false } else { true } }
        return (state, plan)
    }

    /// Converges, and begins anew when something else changed the machine in between.
    private func settle(_ spec: VolumeSpec, on device: Machine.Device) async throws(VolumeError) -> Outcome {
        for _ in 1..<Self.looks {
            do throws(VolumeError) {
                return try await converge(spec, on: device)
            } catch {
                guard case .superseded(let what) = error else { throw error }
                logger.notice("The machine changed meanwhile, looking again", metadata: ["cause": "\(what)"])
            }
        }
        return try await converge(spec, on: device)
    }

    private func converge(_ spec: VolumeSpec, on device: Machine.Device) async throws(VolumeError) -> Outcome {
        let first = try await settledState(spec, device)
        var plan = try plan(spec, from: first)
        guard !plan.isEmpty else { return .unchanged(first, warnings: remarks(spec, first)) }
        var results = StepResults()
        while let step = plan.steps.first {
            do throws(VolumeError) {
                results.note(step, try await perform(step, spec, on: device))
            } catch {
                throw results.hasFormatted ? error.afterFormat : error
            }
            plan.steps.removeFirst()
            guard case .format(let format) = step else { continue }
            let (state, next) = try await lookAfter(format, spec, on: device)
            guard !next.formats else { return .notConverged(next, state) }
            plan = next
        }

        // Done means that nothing is left to plan. What a mounted file system lacks can only be seen now (its size).
        let second = try await host.observe(spec, device, logger: logger)
        let rest = try self.plan(spec, from: second)
        guard rest.isSatisfied else { return .notConverged(rest, second) }
        for step in rest.steps where !results.hasTried(step) {
            results.note(step, try await perform(step, spec, on: device))
        }
        let warnings = results.warnings + remarks(spec, second)
        return results.heal.steps.isEmpty
            ? .unchanged(second, warnings: warnings) : .changed(results.heal, second, warnings: warnings)
    }

    private enum StepResult {
        case done(in: Duration)
        /// The volume is of use without it; why, in words.
        case leftOut(String)
    }

    /// What became of the steps: those that were left out are warnings, and not among what was done.
    private struct StepResults {
        var heal = Heal()
        var warnings: [String] = []
        private var tried: Set<String> = []

        mutating func note(_ step: Step, _ result: StepResult) {
            tried.insert(step.name)
            switch result {
            case .done(let duration): heal.steps.append(Heal.Part(step: step, duration: duration))
            case .leftOut(let warning): warnings.append(warning)
            }
        }

        var hasFormatted: Bool { heal.steps.contains { if case .format = $0.step { true } else { false } } }

        func hasTried(_ step: Step) -> Bool { tried.contains(step.name) }
    }

    /// Nobody else could use the device while it was formatted; now everybody can again, so it is looked at anew. What was
    /// just made needs no check; everything else is as for any file system that is found.
    private func lookAfter(
        _ format: Step.Format,
        _ spec: VolumeSpec,
        on device: Machine.Device
    ) async throws(VolumeError) -> (VolumeState, Plan) {
        let state = try await settledState(spec, device)
        if case .filesystem(let filesystem) = state.device.content, filesystem.uuid != format.uuid.text {
            throw .superseded("The device no longer holds the file system that was just made.")
        }
        var plan = try self.plan(spec, from: state)
        plan.steps.removeAll { if case .check = $0 { true } else { false } }
        return (state, plan)
    }

    /// Reads the device until the answer is one to act on: a passing fault or another program's exclusive open is given
    /// time to go away.
    private func settledState(_ spec: VolumeSpec, _ device: Machine.Device) async throws(VolumeError) -> VolumeState {
        var readRetries = Self.readRetries
        // Also without a deadline: a child that another volume's thread has just started holds what that thread had open.
        var busyRetries = max(Self.readRetries, Int(spec.deadline / Self.retryPause))
        while true {
            var state = try await host.observe(spec, device, logger: logger)
            if state.device.use == .exclusivelyOpen, busyRetries > 0 {
                busyRetries -= 1
            } else if state.device.content?.isReadable == false, readRetries > 0 {
                readRetries -= 1
                logger.warning(
                    "The device cannot be read, looking again",
                    metadata: ["retries.left": "\(readRetries)"]
                )
            } else {
                if state.device.use == .exclusivelyOpen { state.device.use = host.closerLook(at: state.device) }
                return state
            }
            try host.pause(Self.retryPause)
        }
    }

    private func perform(
        _ step: Step,
        _ spec: VolumeSpec,
        on device: Machine.Device?
    ) async throws(VolumeError) -> StepResult {
        try host.pause(.zero)
        if step.mayTakeLong { logger.notice("Beginning", metadata: ["step": "\(step.name)"]) }
        let clock = ContinuousClock()
        let start = clock.now
        do throws(VolumeError) {
            try await host.perform(step, spec, on: device, logger: logger)
        } catch {
            let failure: HostError
            switch error {
            case .failed(let cause) where step.isOptional: failure = cause
            case .skipped(let cause): failure = cause
            default: throw error
            }
            let warning = step.warning(failure)
            logger.warning("\(warning)", metadata: ["step": "\(step.name)"])
            return .leftOut(warning)
        }
        let duration = clock.now - start
        var metadata = step.metadata
        metadata["step"] = "\(step.name)"
        metadata["duration_ms"] = "\(milliseconds(duration))"
        logger.info("\(step.achievement)", metadata: metadata)
        return .done(in: duration)
    }

    private func remarks(_ spec: VolumeSpec, _ state: VolumeState) -> [String] {
        let remarks = host.remarks(spec, state)
        for remark in remarks { logger.warning("\(remark)") }
        return remarks
    }

    private func preparation(_ spec: VolumeSpec) throws(VolumeError) -> [Step] {
        let mountPoint = try host.observeMountPoint(spec)
        do throws(Refusal) { return try Planner.preparation(of: mountPoint) } catch { throw .refused(error) }
    }

    private func plan(_ spec: VolumeSpec, from state: VolumeState) throws(VolumeError) -> Plan {
        do throws(Refusal) { return try Planner.plan(spec, from: state) } catch { throw .refused(error) }
    }

    private func isMounted(_ device: BlockDevice, _ spec: VolumeSpec) throws(VolumeError) -> Bool {
        guard case .mounted(let mount) = try host.observeMountPoint(spec) else { return false }
        return mount.number == device.number
    }
}

extension VolumeError {
    /// A kernel that does not mount what was just made may lack what mkfs-options ask for.
    fileprivate var afterFormat: VolumeError {
        guard case .failed(var failure) = self, failure.exitStatus == .osError else { return self }
        failure.advice +=
            " The file system was made by this run, which wrote nothing into it: if mkfs-options ask for what this kernel does "
            + "not have, correct them, make the device blank again with 'blkdiscard -z DEVICE', and run again."
        return .failed(failure)
    }
}
