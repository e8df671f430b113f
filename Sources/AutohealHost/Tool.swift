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
    /// - Parameter device: its path as given to the tool is replaced by its node in what is printed.
    func run(
        _ arguments: [String],
        on device: LockedDevice,
        logger: Logger
    ) async throws(VolumeError) -> (status: Int32?, output: String) {
        var options = PlatformOptions()
        options.processGroupID = 0
        do {
            let result = try await Subprocess.run(
                .path(path),
                arguments: Arguments(arguments),
                environment: .custom(["PATH": Self.directories.joined(separator: ":"), "LC_ALL": "C"]),
                platformOptions: options,
                input: .none,
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                var last: [String] = []
                for try await line in execution.standardOutput.strings() {
                    let text = Self.printable(line, on: device)
                    guard !text.isEmpty else { continue }
                    logger.info("\(name): \(text)", metadata: ["tool.name": "\(name)"])
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

    /// A line as a terminal would show it: progress is printed with backspaces over itself.
    private static func printable(_ line: String, on device: LockedDevice) -> String {
        var shown: [Character] = []
        var cursor = 0
        for character in line where !character.isNewline {
            guard character != "\u{8}" else {
                cursor = max(0, cursor - 1)
                continue
            }
            shown.replaceSubrange(cursor..<min(cursor + 1, shown.count), with: [character])
            cursor += 1
        }
        let parts = String(shown).split(separator: device.path, omittingEmptySubsequences: false)
        let text = parts.joined(separator: device.device.node)
        return String(text.reversed().drop { $0.isWhitespace }.reversed())
    }
}
