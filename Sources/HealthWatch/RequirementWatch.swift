import AutohealHealth
import HealthServer
package import NIOCore
package import NetworkAddress
import Synchronization

/// Looks at what has to run beside the volumes, again and again, beside whoever wants to know.
package final class RequirementWatch: Sendable {
    package let services: [String]
    package let page: HTTPTarget?
    private let interval: Duration
    private let group: any EventLoopGroup
    private let latest = Mutex(Latest())

    private struct Latest {
        var services: [String: RequirementState] = [:]
        var page: RequirementState?
        var seen: ContinuousClock.Instant?
        var number = 0
    }

    /// For the page to answer.
    private static let patience: TimeAmount = .seconds(5)
    /// What has been seen longer ago is not known any more: systemd, or its bus, may hang.
    private var maximumAge: Duration { max(interval * 3, .seconds(40)) }

    package init(services: [String], page: HTTPTarget?, interval: Duration, on group: any EventLoopGroup) {
        self.services = services
        self.page = page
        self.interval = interval
        self.group = group
    }

    package var isEmpty: Bool { services.isEmpty && page == nil }

    /// Returns when its task is cancelled.
    @concurrent
    package func run() async {
        var probe = ServiceProbe(services)
        while !Task.isCancelled {
            async let pageState = ask()
            let serviceStates = await probe.look()
            let page = await pageState
            latest.withLock { $0 = Latest(services: serviceStates, page: page, seen: .now, number: $0.number + 1) }
            try? await Task.sleep(for: interval)
        }
    }

    /// Which look the answers are of.
    var number: Int { latest.withLock { $0.number } }

    /// Nil before the first look.
    func state(of service: String) -> RequirementState? { current { $0.services[service] } }

    /// Nil before the first look.
    var pageState: RequirementState? { current { $0.page } }

    private func current(_ state: (Latest) -> RequirementState?) -> RequirementState? {
        latest.withLock { latest in
            guard let seen = latest.seen else { return nil }
            return .now - seen < maximumAge ? state(latest) : .unknown("The last look at it has not come back.")
        }
    }

    private func ask() async -> RequirementState? {
        guard let page else { return nil }
        do {
            let status = try await PageProbe.status(
                host: page.host,
                port: page.port,
                path: page.path,
                within: Self.patience,
                on: group
            )
            return status == 200 ? .met : .absent("\(page) answers with \(status).")
        } catch {
            return .absent("\(page) does not answer: \(error).")
        }
    }
}
