import EventLoopTasks
package import NIOCore

/// Reads the identity of the instance from IMDS, version 2 only (AWS: Use the Instance Metadata Service).
///
/// All work is done on one thread of the caller's event loop group, which must outlive every call.
package struct MetadataClient: Sendable {
    let endpoint: MetadataEndpoint
    let limits: MetadataLimits
    let eventLoop: any EventLoop
    let executor: EventLoopTaskExecutor

    package init(
        endpoint: MetadataEndpoint,
        group: any EventLoopGroup,
        limits: MetadataLimits = MetadataLimits()
    ) {
        self.endpoint = endpoint
        self.limits = limits
        eventLoop = group.next()
        executor = EventLoopTaskExecutor(eventLoop)
    }

    /// Asks once: for a token, then for the identity document and the tags at the same time.
    ///
    /// Tags that are not allowed, missing or late are left out; only a missing document is an error.
    package func fetch() async throws(MetadataError) -> InstanceIdentity {
        let reading = await withTaskExecutorPreference(executor) { await read() }
        return try reading.get().identity
    }

    /// One attempt, which asks for a second token if the first is refused.
    @concurrent
    func read() async -> Result<MetadataReading, MetadataError> {
        do throws(MetadataError) {
            var answers = try await answers(token: token())
            if answers.refuseToken {
                answers = try await self.answers(token: token())
            }
            return .success(try answers.reading(from: endpoint))
        } catch {
            return .failure(error)
        }
    }

    func token() async throws(MetadataError) -> String {
        let exchange = exchange(.token, token: nil)
        let answer = try await wait(for: exchange.answer, of: [exchange])
        let body = String(validating: try answer.get(), as: UTF8.self)
        guard let token = body?.matching(.token) else {
            throw MetadataError(resource: .token, endpoint: endpoint, cause: .unusable)
        }
        return token
    }

    /// Asks for the document and all tags at once; the document alone decides how long the tags are waited for.
    private func answers(token: String) async throws(MetadataError) -> MetadataAnswers {
        let document = exchange(.identityDocument, token: token)
        let tags = InstanceTag.allCases.map { exchange(.tag($0.rawValue), token: token) }

        document.answer.whenSuccess { [eventLoop, grace = limits.tagGrace] answer in
            switch answer {
            case .success:
                eventLoop.scheduleTask(in: TimeAmount(grace)) {
                    for tag in tags { tag.abandon(.timedOut(grace)) }
                }
            case .failure(let error):
                for tag in tags { tag.abandon(error.cause) }
            }
        }

        let all = EventLoopFuture.whenAllSucceed(tags.map(\.answer), on: eventLoop).and(document.answer)
        let (tagAnswers, documentAnswer) = try await wait(for: all, of: tags + [document])
        return MetadataAnswers(document: documentAnswer, tags: Array(zip(InstanceTag.allCases, tagAnswers)))
    }

    func exchange(_ resource: MetadataResource, token: String?) -> MetadataExchange {
        MetadataExchange(resource, token: token, endpoint: endpoint, limits: limits, on: eventLoop)
    }

    /// Waits without holding a thread; a cancelled task ends the exchanges and so the wait.
    func wait<Value: Sendable>(
        for future: EventLoopFuture<Value>,
        of exchanges: [MetadataExchange]
    ) async throws(MetadataError) -> Value {
        do {
            return try await withTaskCancellationHandler {
                try await future.get()
            } onCancel: {
                for exchange in exchanges { exchange.abandon(.cancelled) }
            }
        } catch {
            // Answers never fail as futures, so this is the event loop shutting down.
            throw MetadataError(resource: .identityDocument, endpoint: endpoint, cause: MetadataError.Cause(error))
        }
    }
}
