import Glibc
import Subprocess
import SystemPackage

/// The built program, run as a stranger would run it: its own environment, its own runtime directory, no metadata service.
package struct Agent: Sendable {
    package let runtimeDirectory: String
    /// For logs and copies; the test's own.
    private let directory: String

    package init(in directory: String) {
        self.directory = directory
        runtimeDirectory = "\(directory)/run"
    }

    /// Next to the test bundle, where the build puts it.
    package static var executable: String {
        get throws {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink("/proc/self/exe", &buffer, buffer.count)
            guard count > 0 else { throw Errno(rawValue: errno) }
            let bundle = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let path = "/" + bundle.split(separator: "/").dropLast().joined(separator: "/") + "/autoheal-agent"
            guard access(path, X_OK) == 0 else { throw MissingProgram(name: path, package: "none: build it") }
            return path
        }
    }

    /// - Parameters:
    ///   - wrapper: a program that runs the agent, with its arguments.
    ///   - body: what is done while it runs.
    package func run(
        _ arguments: [String],
        under wrapper: [String] = [],
        environment: [String: String] = [:],
        while body: (RunningAgent) async throws -> Void = { _ in }
    ) async throws -> AgentRun {
        let command = wrapper + [try Self.executable] + arguments
        let variables = [
            "PATH": Command.directories.joined(separator: ":"), "LC_ALL": "C", "AWS_EC2_METADATA_DISABLED": "true",
            "RUNTIME_DIRECTORY": runtimeDirectory,
        ].merging(environment) { $1 }
        let log = "\(directory)/log.\(UInt64.random(in: .min ... .max))"
        defer { unlink(log) }
        let descriptor = try FileDescriptor.open(
            log,
            .writeOnly,
            options: [.create, .append, .closeOnExec],
            permissions: FilePermissions(rawValue: 0o644)
        )
        let result = try await Subprocess.run(
            .path(FilePath(try Command.path(of: command[0]))),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(variables.asEnvironment),
            input: .none,
            output: .string(limit: 4 << 20),
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            try await body(RunningAgent(processIdentifier: execution.processIdentifier.value, log: log))
        }
        return AgentRun(
            exitCode: result.terminationStatus.exitCode,
            signal: result.terminationStatus.signal,
            log: Files.text(log) ?? "",
            output: result.standardOutput
        )
    }

    /// Runs without root and without any capability, even where only root may enter the directory of the program.
    package func runAsNobody(_ arguments: [String]) async throws -> AgentRun {
        let script = """
            exec 9< "$1" && shift &&
            exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs /proc/self/fd/9 "$@"
            """
        return try await run(arguments, under: ["sh", "-c", script, "sh"])
    }
}

/// The agent while it runs.
package struct RunningAgent: Sendable {
    package let processIdentifier: Int32
    fileprivate let log: String

    package var logSoFar: String { Files.text(log) ?? "" }

    /// Returns when the log contains a text.
    package func logs(_ text: String) async throws {
        try await Eventually.holds("the log says '\(text)'") { logSoFar.contains(text) }
    }

    package func send(_ signal: Int32) { kill(processIdentifier, signal) }

    /// The process ids of its children that run a program of this name; those of threads' children too.
    package func children(named name: String) -> [Int32] { Processes.children(of: processIdentifier, named: name) }
}
