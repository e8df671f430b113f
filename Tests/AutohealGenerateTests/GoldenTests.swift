import ArgumentParser
import Foundation
import Testing

@testable import AutohealGenerate

/// `cloud-init/` holds what the program writes. After a wished change:
/// `AUTOHEAL_UPDATE_GOLDEN=1 swift test --filter GoldenTests`, and review the difference.
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
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path).filter { !$0.hasPrefix(".") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: url.appendingPathComponent($0))) }
        )
    }
}
