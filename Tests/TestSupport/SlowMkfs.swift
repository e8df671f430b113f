import Glibc

/// Runs the agent where mkfs.ext4 takes so long that the moment cannot be missed; it does its work all the same.
package enum SlowMkfs {
    /// A wrapper for a run, in a mount namespace of its own.
    ///
    /// - Parameter directory: where the real program and the slow one are put.
    package static func wrapper(in directory: String) async throws -> [String] {
        let real = try Command.path(of: "mkfs.ext4")
        try await Command.check("cp", ["--dereference", real, "\(directory)/mke2fs"])
        let script = """
            #!/bin/sh
            [ "$1" = -V ] || sleep 1
            exec "\(directory)/mke2fs" -t ext4 "$@"
            """
        try Files.write(script, to: "\(directory)/slow")
        try await Command.check("chmod", ["0755", "\(directory)/slow"])
        return [
            "unshare", "--mount", "sh", "-c", "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"", "\(directory)/slow",
            real,
        ]
    }

    /// Stops mkfs.ext4 (SIGSTOP) as soon as the agent runs it.
    ///
    /// - Returns: its process id.
    package static func stop(of agent: RunningAgent) async throws -> Int32 {
        var mkfs: Int32 = 0
        try await Eventually.holds("mkfs runs") {
            mkfs = agent.children(named: "mkfs.ext4").first ?? 0
            return mkfs != 0 && kill(mkfs, SIGSTOP) == 0 && Processes.state(of: mkfs) == "T"
        }
        return mkfs
    }
}
