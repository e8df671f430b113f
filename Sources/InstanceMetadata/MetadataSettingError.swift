/// An environment variable of the AWS SDKs with a value that cannot be followed.
package struct MetadataSettingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the environment variable.
    package var variable: String
    /// Its value, with everything but printable ASCII replaced and cut after 128 characters.
    package var value: String
    package var problem: String
    /// What would be right.
    package var allowed: String

    package init(variable: String, value: String, problem: String, allowed: String) {
        self.variable = variable
        let printable = value.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
        self.value = String(printable.prefix(128))
        self.problem = problem
        self.allowed = allowed
    }

    package var description: String {
        "\(variable)='\(value)' \(problem). Allowed: \(allowed)."
    }
}
