/// How one run of the agent ended.
package struct AgentRun: Sendable, CustomStringConvertible {
    /// nil if a signal ended it.
    package let exitCode: Int32?
    package let signal: Int32?
    /// Standard error: the log.
    package let log: String
    /// Standard output.
    package let output: String

    package var description: String {
        "\(exitCode.map { "exit code \($0)" } ?? "signal \(signal ?? 0)")\n\(log)\(output)"
    }

    /// The lines of the log that contain a text.
    package func lines(_ text: String) -> [Substring] { log.split(separator: "\n").filter { $0.contains(text) } }

    /// Whether a step of this name was carried out.
    package func did(_ step: String) -> Bool { log.split(separator: "\n").contains { $0.says(step: step) } }
}

extension Substring {
    /// Both for `step=mount` and for `"step":"mount"`.
    fileprivate func says(step: String) -> Bool {
        contains("Step done")
            && (contains("step=\(step) ") || hasSuffix("step=\(step)") || contains("\"step\":\"\(step)\""))
    }
}
