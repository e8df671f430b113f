package import AutohealPlan
package import AutohealSpec
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

    package enum Cause: Hashable, Sendable, CustomStringConvertible {
        case errno(Errno)
        case text(String)

        package var description: String {
            switch self {
            case .errno(let errno): "\(errno)"
            case .text(let text): text
            }
        }

        /// Whether it ends as a sentence does, as words of other programs may.
        fileprivate var isSentence: Bool { description.hasSuffix(".") }
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
        // Whatever was tried: where the machine has nothing left to do it with, it may be tried again.
        self.exitStatus =
            if case .errno(let errno) = cause, errno.isExhaustion { .temporaryFailure } else { exitStatus }
        self.advice = advice
    }

    package var errno: Errno? {
        if case .errno(let errno) = cause { errno } else { nil }
    }

    /// What happened and what can be done, in complete sentences.
    package var reason: String { advice.isEmpty ? description : "\(description) \(advice)" }

    package var description: String {
        "\(operation) \(subject): \(cause)\(cause.isSentence ? "" : ".")"
    }
}

/// Everything that can end a run early.
package enum VolumeError: Error, Hashable, Sendable {
    case refused(Refusal)
    case failed(HostError)
    case misconfigured(ConfigurationError)
    /// A step was left out, and the volume is of use without it: why.
    case skipped(HostError)
    /// Something else changed the machine while the plan was carried out, so that another look is due: what, in words.
    case superseded(String)
    /// A signal asked to stop; its number.
    case interrupted(signal: Int32)
}
