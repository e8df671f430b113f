/// strace(1) as a wrapper that looks at some system calls and tampers with them.
package enum Strace {
    /// - Parameters:
    ///   - injections: as for `-e inject=`, without those words: `pwrite64:signal=SIGKILL:when=3`. strace counts for each
    ///     thread and process on its own.
    ///   - calls: what is traced besides.
    ///   - path: limits everything to calls that are about this file.
    ///   - log: where strace writes.
    package static func wrapper(
        _ injections: [String] = [],
        tracing calls: [String] = [],
        path: String? = nil,
        log: String = "/dev/null"
    ) -> [String] {
        let names = calls + injections.compactMap { $0.split(separator: ":").first.map(String.init) }
        // Under --seccomp-bpf, which is faster, strace 6.1 does not inject signals.
        let isSignalling = injections.contains { $0.contains("signal=") }
        return ["strace", "-f"] + (isSignalling ? [] : ["--seccomp-bpf"])
            + ["-qq", "-o", log, "-e", "trace=\(names.joined(separator: ","))"]
            + (path.map { ["-P", $0] } ?? []) + injections.flatMap { ["-e", "inject=\($0)"] }
    }
}
