import FoundationEssentials
import NIOCore

extension MetadataClient {
    /// The state that the instance's group is bringing it to (Amazon EC2 Auto Scaling: "Retrieve the target lifecycle state
    /// through instance metadata"): `InService`, `Terminated` and others.
    ///
    /// - Returns: nil outside of a group.
    package func targetLifecycleState() async throws(MetadataError) -> String? {
        guard let bytes = try await value(of: .targetLifecycleState) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self)?.matching(.tagValue) else {
            throw MetadataError(resource: .targetLifecycleState, endpoint: endpoint, cause: .unusable)
        }
        return text
    }

    /// What EC2 is about to do with a Spot instance (Amazon EC2: "Spot Instance interruption notices"): `terminate`, `stop` or
    /// `hibernate`.
    ///
    /// - Returns: nil while nothing is decided.
    package func spotInstanceAction() async throws(MetadataError) -> String? {
        struct Notice: Decodable { let action: String }
        guard let bytes = try await value(of: .spotInstanceAction) else { return nil }
        guard let notice = try? JSONDecoder().decode(Notice.self, from: Data(bytes)) else {
            throw MetadataError(resource: .spotInstanceAction, endpoint: endpoint, cause: .unusable)
        }
        return notice.action
    }

    /// Asks once, with a token of its own.
    ///
    /// - Returns: nil if there is no such thing (status 404).
    private func value(of resource: MetadataResource) async throws(MetadataError) -> [UInt8]? {
        let result = await withTaskExecutorPreference(executor) { await answer(to: resource) }
        do throws(MetadataError) { return try result.get() } catch {
            guard error.cause == .status(404), error.resource == resource else { throw error }
            return nil
        }
    }

    @concurrent
    private func answer(to resource: MetadataResource) async -> MetadataExchange.Answer {
        do throws(MetadataError) {
            let exchange = exchange(resource, token: try await token())
            return try await wait(for: exchange.answer, of: [exchange])
        } catch {
            return .failure(error)
        }
    }
}
