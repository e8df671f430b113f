import ArgumentParser
import AutohealSpec
import Foundation
import Testing

@testable import AutohealGenerate

@Suite("The commands")
struct CommandTests {
    private static let commands = ["userdata", "cloudformation", "terraform"]

    @Test("Every setting of a volume is a flag, under the name it has in the agent's file", arguments: commands)
    func flags(command: String) throws {
        let help = GenerateCommand.helpMessage(for: try type(of: GenerateCommand.parseAsRoot([command])))
        for key in VolumeSettings.CodingKeys.allCases {
            // Here, --format is the form of the output.
            let flag = key == .format ? "format-policy" : key.rawValue
            #expect(help.contains("--\(flag) ") || help.contains("--\(flag)/"), "\(flag)")
        }
    }

    @Test("The help shows examples", arguments: commands)
    func help(command: String) throws {
        let type = try type(of: GenerateCommand.parseAsRoot([command]))
        #expect(GenerateCommand.helpMessage(for: type).contains("  autoheal-generate \(command) -"))
    }

    @Test("The manual has every flag", arguments: commands)
    func manual(command: String) throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("packaging/man/autoheal-generate.1")
        let manual = try String(contentsOf: page, encoding: .utf8)
        let help = GenerateCommand.helpMessage(for: try type(of: GenerateCommand.parseAsRoot([command])))
        // Of two that are each other's opposite, the one that is not the default.
        let defaults: Set = ["grow", "check", "address"]
        for flag in help.matches(of: /[ \/]--([a-z0-9-]+)/).map({ String($0.1) }) where !defaults.contains(flag) {
            #expect(manual.contains("-\(flag) ") || manual.contains("-\(flag)\n"), "--\(flag)")
        }
    }

    @Test("The manual has no flag that there is not")
    func knownFlags() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("packaging/man/autoheal-generate.1")
        let manual = try String(contentsOf: page, encoding: .utf8)
        let help = try Self.commands.map {
            GenerateCommand.helpMessage(for: try type(of: GenerateCommand.parseAsRoot([$0])))
        }
        let flags = Set(help.joined(separator: "\n").matches(of: /--([a-z0-9-]+)/).map { String($0.1) })
        let named = Set(manual.matches(of: /Fl -([a-z0-9-]+)/).map { String($0.1) })
        #expect(named.subtracting(flags) == [])
    }

    @Test(
        "Contradictions are usage errors that say what is allowed",
        arguments: [
            (
                ["userdata", "--preinstalled", "--package-url", "https://example.com/a.deb"],
                "Give one of --package-url, --apt-source and --preinstalled"
            ),
            (["userdata", "--apt-key", "key.asc"], "--apt-key and --package-version belong to --apt-source."),
            (["userdata", "--format", "if-blank"], "provide one of 'cloud-config', 'shell' or 'mime'"),
            (
                ["cloudformation", "--image", "windows"],
                "provide one of 'debian-13', 'debian-12', 'ubuntu-22.04', 'ubuntu-24.04' or 'own'"
            ),
            (["terraform", "--volume-size", "big"], "The value 'big' is invalid for '--volume-size <GiB>'"),
        ]
    )
    func contradictions(arguments: [String], message: String) throws {
        let error = try #require(throws: (any Error).self) { try GenerateCommand.parseAsRoot(arguments) }
        #expect(GenerateCommand.exitCode(for: error) == .validationFailure)
        #expect(GenerateCommand.fullMessage(for: error).contains(message))
    }
}
