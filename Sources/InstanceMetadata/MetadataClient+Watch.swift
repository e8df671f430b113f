import NIOCore

extension MetadataClient {
    /// Asks until the identity is known, the service says that it is disabled, or the task is cancelled.
    ///
    /// Returns promptly when cancelled, with every connection closed. Whatever goes wrong before is told to
    /// `onRetry`, on the thread of the event loop.
    package func identity(
        retrying backoff: Backoff = Backoff(),
        onRetry: @escaping @Sendable (MetadataError) -> Void = { _ in }
    ) async throws(MetadataError) -> InstanceIdentity {
        let reading = await withTaskExecutorPreference(executor) {
            await firstReading(retrying: backoff, onRetry: onRetry)
        }
        return try reading.get().identity
    }

    /// Starts to ask and returns at once; the identity goes to `onIdentity`, on the thread of the event loop.
    ///
    /// It comes first with what the identity document says, and again whenever tags that were late or failed become
    /// known. Cancel the task to stop; its value is the error that ended it, none when all is known.
    package func watch(
        retrying backoff: Backoff = Backoff(),
        onRetry: @escaping @Sendable (MetadataError) -> Void = { _ in },
        onIdentity: @escaping @Sendable (InstanceIdentity) -> Void
    ) -> Task<MetadataError?, Never> {
        Task(executorPreference: executor) { @concurrent in
            switch await firstReading(retrying: backoff, onRetry: onRetry) {
            case .success(let reading):
                onIdentity(reading.identity)
                return await settleTags(of: reading, retrying: backoff, onRetry: onRetry, onIdentity: onIdentity)
            case .failure(let error):
                return error
            }
        }
    }

    @concurrent
    private func firstReading(
        retrying backoff: Backoff,
        onRetry: @Sendable (MetadataError) -> Void
    ) async -> Result<MetadataReading, MetadataError> {
        var attempt = 1
        while true {
            let reading = await read()
            guard case .failure(let error) = reading, !error.isFinal, error.cause != .cancelled else { return reading }
            onRetry(error)
            guard await pause(for: backoff.pause(afterAttempt: attempt)) else {
                return .failure(MetadataError(resource: error.resource, endpoint: endpoint, cause: .cancelled))
            }
            attempt += 1
        }
    }

    private func settleTags(
        of first: MetadataReading,
        retrying backoff: Backoff,
        onRetry: @Sendable (MetadataError) -> Void,
        onIdentity: @Sendable (InstanceIdentity) -> Void
    ) async -> MetadataError? {
        var attempt = 1
        var known = first.identity
        var unsettled = first.unsettledTags
        while let error = unsettled.first {
            guard error.cause != .cancelled else { return error }
            onRetry(error)
            guard await pause(for: backoff.pause(afterAttempt: attempt)) else {
                return MetadataError(resource: error.resource, endpoint: endpoint, cause: .cancelled)
            }
            attempt += 1
            switch await read() {
            case .success(let reading):
                unsettled = reading.unsettledTags
                if reading.identity != known { onIdentity(reading.identity) }
                known = reading.identity
            case .failure(let error) where error.isFinal: return error
            case .failure(let error): unsettled = [error]
            }
        }
        return nil
    }

    /// Pauses on the event loop's own timer; false if the task was cancelled meanwhile.
    private func pause(for time: Duration) async -> Bool {
        let timer = eventLoop.scheduleTask(in: TimeAmount(time)) {}
        return await withTaskCancellationHandler {
            (try? await timer.futureResult.get()) != nil
        } onCancel: {
            timer.cancel()
        }
    }
}
