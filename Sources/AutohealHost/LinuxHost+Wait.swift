import AutohealPlan
package import AutohealRun
package import AutohealSpec
package import AutohealState
package import Logging

extension LinuxHost {
    package func waitForDevice(_ spec: VolumeSpec, logger: Logger) async throws(VolumeError) -> BlockDevice {
        let schedule = WaitSchedule(tries: spec.tries, interval: spec.interval)
        let clock = ContinuousClock()
        // Listening begins before the first look, so that nothing falls between the two.
        let waiter = Waiter(signals: signals, listening: true)
        let start = clock.now
        var announced = 0
        // Each try has a line of its own in the log.
        let progress = ProgressReport(
            "Waiting for \(spec.volumeID?.description ?? spec.device)",
            name: "wait",
            level: nil,
            logger: logger,
            display: display
        )
        defer { progress.end() }
        while true {
            let elapsed = clock.now - start
            let selection = DeviceSelection.select(
                spec,
                among: scanner.devices(),
                path: scanner.target(of: spec.device)
            )
            switch selection {
            case .found(let device, let evidence):
                progress.end()
                logger.info(
                    "Found the device",
                    metadata: [
                        "volume.node": "\(device.node)", "found.by": "\(evidence.rawValue)",
                        "volume.size": "\(describe(bytes: device.size))",
                        "found.volume.id": "\(device.identity.volumeID?.description ?? "unknown")",
                        "duration_ms": "\(milliseconds(elapsed))",
                    ]
                )
                if spec.volumeID != nil, evidence == .path {
                    logger.warning("The device does not tell its volume id: taken by its path, unverified")
                }
                return device
            case .notYet(let refusal):
                let number = schedule.tryNumber(at: elapsed)
                if number > announced {
                    // That it waits must be known; how often it looked, only in the journal.
                    logger.log(
                        level: announced == 0 ? .notice : .info,
                        "Not there yet",
                        metadata: ["try": "\(number) of \(spec.tries)", "seen": "\(refusal.reason(onTry: number))"]
                    )
                    announced = number
                }
                progress.update(.text("try \(number) of \(spec.tries)"))
                guard let pause = schedule.pause(at: elapsed) else { throw .refused(refusal) }
                try waiter.wait(atMost: pause)
            }
        }
    }
}

extension Refusal {
    /// The same finding before the deadline has passed.
    fileprivate func reason(onTry number: Int) -> String {
        guard case .deviceAbsent(let seen) = self else { return reason }
        let list = seen.isEmpty ? "none" : seen.map(\.summary).joined(separator: ", ")
        return "it is not there; block devices present: \(list)"
    }
}
