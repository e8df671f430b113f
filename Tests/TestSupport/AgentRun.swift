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

    /// The steps that were carried out, in order: lines that name a step and how long it took.
    package var steps: [Substring] {
        lines(" step=").filter { $0.contains(" duration_ms=") && !$0.contains(" WARN") }.compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("step=") }?.dropFirst("step=".count)
        }
    }

    package func did(_ step: String) -> Bool { steps.contains { $0 == step } }

    /// Whether something went wrong that is only worth a warning.
    package func warns(_ text: String) -> Bool { lines(" WARN").contains { $0.contains(text) } }
}
