import ArgumentParser
import CloudTemplates
import ConfigurationFile
import Foundation

/// Where the output goes.
struct OutputFlags: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file")
    )
    var output: String?

    @Flag(help: "Overwrite what exists.")
    var force = false

    /// Generates and writes; every failure becomes one message on standard error and an exit code.
    func write(_ generate: () async throws -> String) async throws {
        do {
            let text = try await generate()
            guard let output else { return FileHandle.standardOutput.write(Data(text.utf8)) }
            try write(Data(text.utf8), to: output)
        } catch {
            try Self.exit(with: error)
        }
    }

    /// What a person should know, beside the output.
    static func note(_ text: String) { FileHandle.standardError.write(Data("autoheal-generate: \(text)\n".utf8)) }

    /// A file appears whole or not at all. What is none, such as `/dev/stdout` or a pipe, is written to: a file in its
    /// place would take it from everybody.
    func write(_ data: Data, to path: String) throws(OutputError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: Self.resolved(path))
        let kind = attributes?[.type] as? FileAttributeType
        do {
            guard kind == nil || kind == .typeRegular || kind == .typeDirectory else {
                return try FileHandle(forWritingTo: URL(fileURLWithPath: path)).write(contentsOf: data)
            }
            try data.write(to: URL(fileURLWithPath: path), options: force ? .atomic : .withoutOverwriting)
        } catch CocoaError.fileWriteFileExists {
            throw OutputError(description: "\(path) exists: give --force to overwrite it, or another name.")
        } catch {
            throw OutputError(description: "\(path): cannot be written: \((error as NSError).localizedDescription)")
        }
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    /// - Throws: always; what ArgumentParser itself reports is passed on.
    static func exit(with error: any Error) throws -> Never {
        let code: Int32
        switch error {
        case is GenerationError: code = 65
        case is OutputError: code = 73
        case is ConfigurationFileError: code = 78
        default: throw error
        }
        FileHandle.standardError.write(Data("autoheal-generate: \(error)\n".utf8))
        throw ExitCode(code)
    }
}

/// A file that cannot be written.
struct OutputError: Error, CustomStringConvertible {
    var description: String
}
