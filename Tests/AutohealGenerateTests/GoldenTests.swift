import ArgumentParser
import Foundation
import Testing

@testable import AutohealGenerate

/// `cloud-init/` holds what the program writes. After a wished change: `script/regenerate`, and review the difference.
@Suite("The files in cloud-init")
struct GoldenTests {
    private static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("cloud-init")

    @Test(
        "are what the program writes",
        arguments: [
            (["userdata", "--preinstalled"], "user-data.yaml"),
            (["userdata", "--preinstalled", "--format", "shell"], "user-data.sh"),
            (["cloudformation"], "cloudformation.yaml"),
            (["terraform"], "terraform"),
        ]
    )
    func golden(arguments: [String], name: String) async throws {
        let golden = Self.directory.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["AUTOHEAL_UPDATE_GOLDEN"] != nil {
            try await generate(arguments, to: golden)
        }
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("golden-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        try await generate(arguments, to: scratch)
        #expect(try contents(of: scratch) == contents(of: golden))
    }

    private func generate(_ arguments: [String], to url: URL) async throws {
        var command = try GenerateCommand.parseAsRoot(arguments + ["--output", url.path, "--force"])
        guard var packing = command as? any AsyncParsableCommand else { return try command.run() }
        try await packing.run()
    }

    /// The bytes by name; of one file, or of all in a directory but what Terraform leaves there.
    private func contents(of url: URL) throws -> [String: Data] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else { return [:] }
        guard isDirectory.boolValue else { return ["": try Data(contentsOf: url)] }
        var contents: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: url.path) where !name.hasPrefix(".") {
            let file = url.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory) else { continue }
            if !isDirectory.boolValue { contents[name] = try Data(contentsOf: file) }
        }
        return contents
    }
}
