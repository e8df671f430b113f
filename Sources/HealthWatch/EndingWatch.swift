package import AutohealHost
import AutohealRun
import AutohealSpec
import InstanceMetadata
package import Logging
import SystemPackage

/// Asks the metadata service again and again whether this instance ends, and asks for the release of its volumes then.
package struct EndingWatch: Sendable {
    private let notices: EndingNotices
    private let requests: Requests?
    private let runtimeDirectory: RuntimeDirectory
    private let logger: Logger

    /// What was asked for in vain, because something still used a volume, is asked for again.
    private static let patience: Duration = .seconds(60)

    /// - Parameter requests: nil if nobody is asked for anything.
    package init(_ notices: EndingNotices, requests: Requests?, runtimeDirectory: RuntimeDirectory, logger: Logger) {
        self.notices = notices
        self.requests = requests
        self.runtimeDirectory = runtimeDirectory
        self.logger = logger
    }

    /// Returns when its task is cancelled.
    @concurrent
    package func run() async {
        let clock = ContinuousClock()
        let start = clock.now
        var agreement = EndingAgreement()
        var asked: ContinuousClock.Instant?
        var silences: [EndingReason: Silence] = [:]
        while !Task.isCancelled {
            // So that two in a row are apart as far as they have to be, however long an answer takes.
            let now = clock.now
            for reason in notices.reasons.sorted(by: { $0.rawValue < $1.rawValue }) {
                do throws(MetadataError) {
                    let isAnnounced = try await notices.isAnnounced(reason)
                    silences[reason, default: Silence()].end(logger)
                    guard agreement.note(reason, isAnnounced: isAnnounced, at: (now - start) / .seconds(1)),
                        asked.map({ clock.now - $0 >= Self.patience }) ?? true, !isReleased
                    else { continue }
                    asked = clock.now
                    ask(because: reason)
                } catch {
                    silences[reason, default: Silence()].note(error, logger)
                }
            }
            try? await clock.sleep(until: now + .seconds(EndingAgreement.interval))
        }
    }

    private var isReleased: Bool { runtimeDirectory.handOver.map { $0.ending != nil && $0.isDone } ?? false }

    private func ask(because reason: EndingReason) {
        do throws(Errno) {
            try requests?.ask(for: .release)
            logger.notice(
                "\(reason.announcement): its volumes are \(requests == nil ? "not released, since nobody is asked" : "to be released")",
                metadata: ["ending": "\(reason.rawValue)"]
            )
        } catch {
            logger.error(
                "The release of the volumes cannot be asked for: \(error). 'autoheal-agent release' does it by hand"
            )
        }
    }

    /// A service that does not answer is said once, when it has lasted, and once more when it is over.
    private struct Silence {
        private var since: ContinuousClock.Instant?
        private var isSaid = false
        private static let patience: Duration = .seconds(60)

        mutating func note(_ error: MetadataError, _ logger: Logger) {
            logger.debug("The metadata service did not answer", metadata: ["error": "\(error)"])
            let since = since ?? .now
            self.since = since
            guard !isSaid, .now - since >= Self.patience else { return }
            isSaid = true
            logger.warning(
                "A notice that this instance ends could not be heard for \(Self.patience / .seconds(1)) s",
                metadata: ["error": "\(error)"]
            )
        }

        mutating func end(_ logger: Logger) {
            if isSaid { logger.notice("The metadata service answers again") }
            self = Silence()
        }
    }
}
