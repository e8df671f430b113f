import AutohealCore
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

    /// Runs it to its end; every line that it prints goes to the log, and the last ones into the result.
    ///
    /// - Parameters:
    ///   - environment: variables besides the fixed ones.
    ///   - shown: a path in the arguments, and the name that stands for it in what is printed.
    ///   - level: at which its lines are logged.
    func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        showing shown: (path: String, name: String)? = nil,
        logger: Logger,
        level: Logger.Level = .info
    ) async throws(VolumeError) -> (status: Int32?, output: String) {
        var options = PlatformOptions()
        options.processGroupID = 0
        do {
            let result = try await Subprocess.run(
                .path(path),
                arguments: Arguments(arguments),
                environment: .custom(Self.variables(environment)),
                platformOptions: options,
                input: .none,
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                var last: [String] = []
                for try await line in execution.standardOutput.strings() {
                    let text = Self.printable(line, showing: shown)
                    guard !text.isEmpty else { continue }
                    logger.log(level: level, "\(name): \(text)", metadata: ["tool.name": "\(name)"])
                    last = last.suffix(4) + [text]
                }
                return last.joined(separator: " / ")
            }
            let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
            return (status, result.closureResult)
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
