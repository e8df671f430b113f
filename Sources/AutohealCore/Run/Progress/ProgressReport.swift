package import Logging
import Synchronization

/// Shows a volume's progress, by its mount point, in place of what was shown before; nil ends it.
package typealias ProgressDisplay = @Sendable (_ mountPoint: String, _ text: String?) -> Void

/// Says how far something is that may take long: on a terminal in a row that is overwritten, else in the log now and then.
///
/// It says something only when it is asked to; whoever works asks between two pieces of the work.
package final class ProgressReport: Sendable {
    private struct State {
        var amount: ProgressAmount
        var pace: ProgressPace
        var isOver = false
    }

    private let activity: String
    private let name: String
    private let level: Logger.Level?
    private let logger: Logger
    private let mountPoint: String
    private let display: ProgressDisplay?
    private let clock: @Sendable () -> Duration
    private let state: Mutex<State>

    /// - Parameters:
    ///   - activity: what is done, as the beginning of a sentence.
    ///   - name: of the field that says how far it is, before `.done` or, where nothing tells, `.seconds`.
    ///   - level: in the log; nil if the log is told by other lines.
    ///   - display: nil where there is no terminal.
    ///   - clock: time since the work began; nil for the machine's own.
    package init(
        _ activity: String,
        name: String,
        level: Logger.Level? = .notice,
        logger: Logger,
        display: ProgressDisplay?,
        clock: (@Sendable () -> Duration)? = nil
    ) {
        self.activity = activity
        self.name = name
        self.level = level
        self.logger = logger
        self.display = display
        mountPoint = logger[metadataKey: "volume.mount_point"].map { "\($0)" } ?? ""
        let start = ContinuousClock.now
        self.clock = clock ?? { ContinuousClock.now - start }
        state = Mutex(State(amount: .unknown, pace: display == nil ? .log : .terminal))
    }

    deinit { end() }

    /// Says it if it is time to.
    ///
    /// - Parameter amount: how far it is now; nil if nothing new is known.
    package func update(_ amount: ProgressAmount? = nil) {
        state.withLock { state in
            if let amount { state.amount = amount }
            let elapsed = clock()
            guard !state.isOver, state.pace.isDue(at: elapsed) else { return }
            if let display {
                display(mountPoint, "\(activity): \(state.amount.description(after: elapsed))")
            } else if let level {
                logger.log(level: level, "\(activity)", metadata: metadata(state.amount, elapsed))
            }
        }
    }

    /// Takes away what a terminal shows; nothing is said any more.
    package func end() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            display?(mountPoint, nil)
        }
    }

    private func metadata(_ amount: ProgressAmount, _ elapsed: Duration) -> Logger.Metadata {
        if let percent = amount.percent { return ["\(name).done": "\(percent)"] }
        return ["\(name).seconds": .stringConvertible(elapsed.components.seconds)]
    }
}
