package import SystemPackage

/// Something that was tried and failed: operation, subject, cause.
package struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For example `mount`, `mkfs.ext4`, `open`.
    package var operation: String
    package var subject: String
    package var cause: Cause
    package var exitStatus: ExitStatus
    /// What the operator can do; may be empty.
    package var advice: String

    package enum Cause: Hashable, Sendable {
        case errno(Errno)
        case text(String)
    }

    package init(
        _ operation: String,
        _ subject: String,
        _ cause: Cause,
        exitStatus: ExitStatus,
        advice: String = ""
    ) {
        self.operation = operation
        self.subject = subject
        self.cause = cause
        self.exitStatus = exitStatus
        self.advice = advice
    }

    package var errno: Errno? {
        if case .errno(let errno) = cause { errno } else { nil }
    }

    package var description: String {
        switch cause {
        case .errno(let errno): "\(operation) \(subject): \(errno)."
        case .text(let text): "\(operation) \(subject): \(text)."
        }
    }
}

/// Everything that can end a run early.
package enum VolumeError: Error, Hashable, Sendable {
    case refused(Refusal)
    case failed(HostError)
    case misconfigured(ConfigurationError)
    /// A signal asked to stop; its number.
    case interrupted(signal: Int32)
    /// What a step found is no longer what it was planned for; in words. A reason to look again.
    case superseded(String)
}
