import Glibc
import NIOCore
import NIOHTTP1

/// A request to IMDS that brought nothing: what was asked, of whom, and why it failed.
package struct MetadataError: Error, Hashable, Sendable, CustomStringConvertible {
    package var resource: MetadataResource
    package var endpoint: MetadataEndpoint
    package var cause: Cause

    package init(resource: MetadataResource, endpoint: MetadataEndpoint, cause: Cause) {
        self.resource = resource
        self.endpoint = endpoint
        self.cause = cause
    }

    /// True when asking again cannot help: the service is there and says that it is disabled.
    package var isFinal: Bool { cause == .status(403) }

    package var description: String {
        "Cannot read \(resource) from \(endpoint): \(cause)."
    }
}

extension MetadataError {
    /// Why a request failed.
    package enum Cause: Error, Hashable, Sendable, CustomStringConvertible {
        /// Not answered completely in time, however busy the connection was.
        case timedOut(Duration)
        /// The kernel said no; an `errno` value.
        case system(errno: CInt)
        /// Answered with another status than 200; a redirect is one of them.
        case status(Int)
        /// The answer is longer than it may be; bytes.
        case tooLarge(limit: Int)
        /// The connection ended before the answer did.
        case closedEarly
        /// The answer is not HTTP/1.
        case notHTTP
        /// The answer is HTTP, but its body is not what was asked for.
        case unusable
        /// The task was cancelled, or the event loop shut down.
        case cancelled

        /// No interface has a route to the service, as before the network of a boot is up.
        package var isWithoutNetwork: Bool { self == .system(errno: ENETUNREACH) }

        package var description: String {
            switch self {
            case .timedOut(let time): "no complete answer within \(time)"
            case .system(let code): String(cString: strerror(code))
            case .status(401): "the session token was refused (status 401)"
            case .status(403): "the service is disabled (status 403)"
            case .status(let code): "the answer has the status \(code)"
            case .tooLarge(let limit): "the answer has more than \(limit) bytes"
            case .closedEarly: "the connection was closed before the answer was complete"
            case .notHTTP: "the answer is not HTTP"
            case .unusable: "the answer is not what such a resource looks like"
            case .cancelled: "cancelled"
            }
        }
    }
}

extension MetadataError.Cause {
    /// Sorts what swift-nio reports.
    init(_ error: any Error) {
        self =
            switch error {
            case let cause as Self: cause
            case let error as IOError: .system(errno: error.errnoCode)
            case ChannelError.connectTimeout(let time): .timedOut(Duration(time))
            case HTTPParserError.invalidEOFState, HTTPParserError.closedConnection, is ChannelError: .closedEarly
            case is EventLoopError, is CancellationError: .cancelled
            default: .notHTTP
            }
    }
}
