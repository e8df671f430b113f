package import SystemPackage

/// A configuration file that cannot be used.
package struct ConfigurationFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// As it was named, for messages.
    package var file: String
    package var cause: Cause

    package enum Cause: Hashable, Sendable {
        case unreadable(Errno)
        /// All that is wrong, in the order of the file; never empty.
        case problems([ConfigurationProblem])
    }

    package init(file: String, cause: Cause) {
        self.file = file
        self.cause = cause
    }

    /// There is no such file, which may be no error: the machine has not been configured.
    package var isMissing: Bool { cause == .unreadable(.noSuchFileOrDirectory) }

    /// One line per problem, each with file and line.
    package var description: String {
        switch cause {
        case .unreadable(let errno): "\(file): cannot be read: \(errno)."
        case .problems(let problems): problems.map { $0.description(file: file) }.joined(separator: "\n")
        }
    }
}
