/// A file that the user data writes.
package struct UserDataFile: Hashable, Sendable {
    package var path: String
    /// Octal.
    package var mode: String
    /// Ends with a line break.
    package var content: String

    init(path: String, mode: String = "0644", content: String) {
        self.path = path
        self.mode = mode
        self.content = content
    }

    var directory: String { path.split(separator: "/").dropLast().map { "/" + $0 }.joined() }
}
