import Glibc

/// Threads that live as long as one piece of work: for calls that block, such as reads past the page cache.
enum WorkerThreads {
    /// Runs `body` on this thread and on up to `count - 1` others, and returns when all of them have returned. Where no more
    /// threads can be had (EAGAIN), fewer do the work.
    static func run(_ count: Int, here: () -> Void, there: @escaping @Sendable () -> Void) {
        let threads = (1..<max(1, count)).compactMap { _ in start(there) }
        here()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Starts a thread that nobody waits for.
    ///
    /// - Returns: whether there was one to be had.
    static func startDetached(_ body: @escaping @Sendable () -> Void) -> Bool {
        guard let thread = start(body) else { return false }
        pthread_detach(thread)
        return true
    }

    private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        let task = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, runBody, task.toOpaque()) == 0 else {
            task.release()
            return nil
        }
        return thread
    }

    fileprivate final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// What a thread begins with; C calls it, so that it belongs to no actor.
private let runBody: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
    guard let argument else { return nil }
    Unmanaged<WorkerThreads.Body>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
