import InstanceMetadata
import TestSupport
import Testing

@Suite("End of the instance", .timeLimit(.minutes(1)))
struct EndingTests {
    private static let statePath = "/latest/meta-data/autoscaling/target-lifecycle-state"
    private static let actionPath = "/latest/meta-data/spot/instance-action"

    private func state(_ answer: MetadataServerAnswer) async throws -> Result<String?, MetadataError> {
        try await MetadataServer.run(.healthy.answering(Self.statePath, answer)) { server in
            let client = try MetadataClient(url: server.url)
            do throws(MetadataError) { return .success(try await client.targetLifecycleState()) } catch {
                return .failure(error)
            }
        }
    }

    private func action(_ answer: MetadataServerAnswer) async throws -> Result<String?, MetadataError> {
        try await MetadataServer.run(.healthy.answering(Self.actionPath, answer)) { server in
            let client = try MetadataClient(url: server.url)
            do throws(MetadataError) { return .success(try await client.spotInstanceAction()) } catch {
                return .failure(error)
            }
        }
    }

    @Test(arguments: ["InService", "Terminated", "Warmed:Stopped"])
    func `the state that the group wants is told as it is`(text: String) async throws {
        #expect(try await state(.response(body: text)) == .success(text))
    }

    @Test func `outside of a group, and while nothing is decided, there is nothing to tell`() async throws {
        #expect(try await state(.response(status: 404)) == .success(nil))
        #expect(try await action(.response(status: 404)) == .success(nil))
    }

    @Test(arguments: [401, 403, 500, 503])
    func `an answer that is none is not 'nothing'`(status: Int) async throws {
        guard case .failure(let error) = try await state(.response(status: status)) else {
            Issue.record("\(status)")
            return
        }
        #expect(error.cause == .status(status) && error.resource == .targetLifecycleState)
    }

    @Test(arguments: ["", "Terminated\n", "Termin\u{7}ated", String(repeating: "T", count: 300)])
    func `what no state looks like is not believed`(text: String) async throws {
        guard case .failure(let error) = try await state(.response(body: text)) else {
            Issue.record("\(text)")
            return
        }
        #expect(error.cause == .unusable)
    }

    @Test(arguments: ["terminate", "stop", "hibernate"])
    func `what is decided of a Spot instance is told`(name: String) async throws {
        let body = "{\"action\": \"\(name)\", \"time\": \"2026-01-02T03:04:05Z\"}"
        #expect(try await action(.response(body: body)) == .success(name))
    }

    @Test(arguments: ["", "terminate", "{}", "{\"action\": 1}", "[\"terminate\"]"])
    func `a notice that is none is not believed`(body: String) async throws {
        guard case .failure(let error) = try await action(.response(body: body)) else {
            Issue.record("\(body)")
            return
        }
        #expect(error.cause == .unusable)
    }

    @Test func `a token that there is not is no answer`() async throws {
        try await MetadataServer.run(.always(.response(status: 404))) { server in
            let client = try MetadataClient(url: server.url)
            await #expect(throws: MetadataError.self) { _ = try await client.targetLifecycleState() }
        }
    }
}
