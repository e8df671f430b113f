import AutohealHealth
import FoundationEssentials
package import HealthServer

/// What is served: `/health` for who replaces instances, `/ready` for who sends traffic, `/live`, `/metrics`.
package enum HealthPages {
    private static let json = "application/json"
    /// Prometheus text exposition format 0.0.4.
    private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

    /// - Returns: nil for a path that there is not.
    package static func answer(
        _ request: HealthServer.Request,
        _ snapshot: HealthSnapshot
    ) -> HealthServer.Answer? {
        switch request.path {
        case "/health":
            answer(snapshot.verdict.rawValue, isGood: snapshot.verdict != .failed, snapshot, request.isLocal)
        case "/ready":
            answer(
                snapshot.isReady ? "ready" : "not-ready",
                isGood: snapshot.isReady,
                snapshot,
                request.isLocal
            )
        case "/live": HealthServer.Answer(status: 200, contentType: json, body: "{\"status\":\"live\"}\n")
        case "/metrics":
            HealthServer.Answer(
                status: 200,
                contentType: metricsType,
                body: Metrics(snapshot, isLocal: request.isLocal).text
            )
        default: nil
        }
    }

    private static func answer(
        _ status: String,
        isGood: Bool,
        _ snapshot: HealthSnapshot,
        _ isLocal: Bool
    ) -> HealthServer.Answer {
        let page = Page(
            status: status,
            volumes: snapshot.volumes.map { volume in
                Page.Volume(
                    status: volume.state.verdict.rawValue,
                    faults: volume.state.faults.map(\.name),
                    mountPoint: isLocal ? volume.mountPoint : nil,
                    reason: isLocal ? volume.state.reason : nil
                )
            },
            requirements: snapshot.requirements.map { requirement in
                Page.Requirement(
                    kind: requirement.kind.rawValue,
                    status: requirement.state.verdict.rawValue,
                    name: isLocal ? requirement.name : nil,
                    reason: isLocal ? requirement.state.reason : nil
                )
            }
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(page)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return HealthServer.Answer(status: isGood ? 200 : 503, contentType: json, body: body + "\n")
    }

    /// What identifies anything is for this machine alone.
    private struct Page: Encodable {
        let status: String
        let volumes: [Volume]
        let requirements: [Requirement]

        struct Requirement: Encodable {
            let kind: String
            let status: String
            let name: String?
            let reason: String?
        }

        struct Volume: Encodable {
            let status: String
            let faults: [String]
            let mountPoint: String?
            let reason: String?

            enum CodingKeys: String, CodingKey {
                case status, faults, reason
                case mountPoint = "mount_point"
            }
        }
    }
}
