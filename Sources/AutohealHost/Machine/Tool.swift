import AutohealPlan
import AutohealRun
import Glibc
import Logging
import Subprocess
import SystemPackage

/// A program of e2fsprogs, run with nothing of our surroundings: fixed environment, no standard input, a process group of
/// its own, so that Ctrl-C on the terminal does not strike it in the middle of its work.
package struct Tool: Sendable {
    let name: String
    private let path: FilePath

    /// Where Debian, Ubuntu and Amazon Linux put them.
    package static let directories = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]

    init(_ name: String, in directories: [String]) throws(VolumeError) {
        self.name = name
        guard let directory = directories.first(where: { access("\($0)/\(name)", X_OK) == 0 }) else {
            throw .failed(
                HostError(
                    "find",
                    name,
                    .text("it is not in \(directories.joined(separator: ", "))"),
                    exitStatus: .cannotCreate,
                    advice: "Install e2fsprogs."
                )
            )
        }
        path = FilePath("\(directory)/\(name)")
    }

    /// How a run ended.
    struct Result: Sendable {
        /// The exit code, nil if a signal ended it.
        let status: Int32?
        /// What it printed, the last lines if it was much.
        let lines: [String]

        /// The end of it, as one line.
        var output: String { lines.suffix(5).joined(separator: " / ") }

        var succeeded: Bool { status == 0 }

        /// Why it did not succeed.
        var cause: String { (status.map { "exit code \($0): " } ?? "it was killed: ") + output }
    }

    /// Lines of a result: more than a tool that gives up has been seen to print.
    private static let keptLines = 100

    /// Runs it to its end; every line that it prints goes to the log.
    ///
    /// - Parameters:
    ///   - environment: variables besides the fixed ones.
    ///   - shown: a path in the arguments, and the name that stands for it in what is printed.
    ///   - level: at which its lines are logged.
    ///   - mark: what is printed after a line that contains it stays out of the log.
    ///   - progress: what says how far it is, until it has ended.
    ///   - share: how far it is, 0 to 1, by one of its lines, which says nothing else; nil for any other line.
    func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        showing shown: (path: String, name: String)? = nil,
        logger: Logger,
        level: Logger.Level = .info,
        silentAfter mark: String? = nil,
        progress: ProgressReport? = nil,
        share: @Sendable (String) -> Double? = { _ in nil }
    ) async throws(VolumeError) -> Result {
        var options = PlatformOptions()
        options.processGroupID = 0
        let ticker = progress.flatMap { progress in Ticker { progress.update() } }
        defer {
            ticker?.stop()
            progress?.end()
        }
        do {
            // Nothing to read: a pipe whose other end is closed. /dev/null may be missing.
            let input = try FileDescriptor.pipe(options: .closeOnExec)
            try input.writeEnd.close()
            let result = try await Subprocess.run(
                .path(path),
                arguments: Arguments(arguments),
                environment: .custom(Self.variables(environment)),
                platformOptions: options,
                input: .fileDescriptor(input.readEnd, closeAfterSpawningProcess: true),
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                var last: [String] = []
                var isSilent = false
                for try await line in execution.standardOutput.strings() {
                    let text = Self.printable(line, showing: shown)
                    guard !text.isEmpty else { continue }
                    if let share = share(text) {
                        progress?.update(.share(share))
                        continue
                    }
                    if !isSilent { logger.log(level: level, "\(name): \(text)", metadata: ["tool.name": "\(name)"]) }
                    if let mark, text.contains(mark) { isSilent = true }
                    last = last.suffix(Self.keptLines - 1) + [text]
                }
                return last
            }
            let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
            return Result(status: status, lines: result.closureResult)
        } catch {
            throw .failed(HostError("run", name, .text("\(error)"), exitStatus: .cannotCreate))
        }
    }

    private static func variables(_ others: [String: String]) -> [Environment.Key: String] {
        let fixed = ["PATH": directories.joined(separator: ":"), "LC_ALL": "C"]
        return fixed.merging(others) { $1 }.reduce(into: [:]) { variables, pair in
            if let key = Environment.Key(rawValue: pair.key) { variables[key] = pair.value }
        }
    }

    /// A line as a terminal would show it: progress is printed with backspaces over itself.
    private static func printable(_ line: String, showing shown: (path: String, name: String)?) -> String {
        var characters: [Character] = []
        var cursor = 0
        for character in line where !character.isNewline {
            guard character != "\u{8}" else {
                cursor = max(0, cursor - 1)
                continue
            }
            characters.replaceSubrange(cursor..<min(cursor + 1, characters.count), with: [character])
            cursor += 1
        }
        var text = String(characters)
        if let shown {
            text = text.split(separator: shown.path, omittingEmptySubsequences: false).joined(separator: shown.name)
        }
        return String(text.reversed().drop { $0.isWhitespace }.reversed())
    }
}
