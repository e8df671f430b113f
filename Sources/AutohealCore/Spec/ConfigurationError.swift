/// A setting that cannot be: which one, what it was, and what would be right.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the setting, as flag and as key.
    package var key: String
    package var found: String
    package var problem: String

    package init(key: String, found: String, problem: String) {
        self.key = key
        self.found = found
        self.problem = problem
    }

    package var description: String { found.isEmpty ? "\(key) \(problem)." : "\(key) '\(found.printable)' \(problem)." }
}
