import Glibc

/// Runs the agent where one of its tools stops itself (SIGSTOP) before it begins, so that no machine is too busy to
/// meet the moment; continued, it does its work.
package struct HeldTool: Sendable {
    /// A wrapper for a run of the agent, in a mount namespace of its own.
    package let wrapper: [String]
    private let name: String

    /// - Parameters:
    ///   - name: of the tool, such as mkfs.ext4.
    ///   - directory: where the real program and the one that stops are put.
    package init(_ name: String, in directory: String) async throws {
        self.name = name
        let path = try Command.path(of: name)
        let real = "\(directory)/real"
        try await Command.check("mkdir", [real])
        try await Command.check("cp", ["--dereference", path, "\(real)/\(name)"])
        let script = """
            #!/bin/sh
            [ "$1" = -V ] || kill -STOP $$
            exec "\(real)/\(name)" "$@"
            """
        try Files.write(script, to: "\(directory)/held")
        try await Command.check("chmod", ["0755", "\(directory)/held"])
        wrapper = [
            "unshare", "--mount", "sh", "-c", "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"", "\(directory)/held",
            path,
        ]
    }

    /// Returns when the agent has begun the tool, and the tool has stopped.
    ///
    /// - Returns: its process id.
    package func stopped(by agent: RunningAgent) async throws -> Int32 {
        var process: Int32 = 0
        try await Eventually.holds("\(name) runs") {
            process = agent.children(named: name).first ?? 0
            return process != 0 && Processes.state(of: process) == "T"
        }
        return process
    }
}
