import AutohealPlan
import ConfigurationFile
import Foundation
import TestSupport
import Testing

@testable import AutohealAgent

@Suite("The manual and the program")
struct ManualTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func page(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("packaging/man/\(name)"), encoding: .utf8)
    }

    /// The lines of a page from `.Sh TITLE` to the next one.
    private static func section(_ title: String, of name: String) throws -> [Substring] {
        let lines = try page(name).split(separator: "\n")
        let start = try #require(lines.firstIndex(of: ".Sh \(title)"))
        return Array(lines[(start + 1)...].prefix { !$0.hasPrefix(".Sh ") })
    }

    /// What `--experimental-dump-help` says of a command; hidden ones are for units, not for people.
    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable { let kind, name: String }
            let names: [Name]?
        }
        let shouldDisplay: Bool
        let arguments: [Argument]?
        let subcommands: [Command]?

        var options: Set<String> {
            guard shouldDisplay else { return [] }
            let own = (arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.name)
            return (subcommands ?? []).reduce(into: Set(own)) { $0.formUnion($1.options) }
        }
    }

    @Test("every option of a command is in the page, and the page has no other")
    func options() async throws {
        struct Help: Decodable { let command: Command }
        let scratch = try ScratchDirectory()
        let dump = try await Agent(in: scratch.path).run(["--experimental-dump-help"]).output
        let options = try JSONDecoder().decode(Help.self, from: Data(dump.utf8)).command.options
        #expect(options.isSuperset(of: ["config", "if-ending", "mkfs-options"]))
        let page = try Self.page("autoheal-agent.8")
        let named = Set(page.matches(of: /Fl -([a-z0-9-]+)/).map { String($0.1) })
        // Of two that are each other's opposite, one is enough: that which is not the default.
        let missing = options.subtracting(named).filter {
            !(options.contains("no-\($0)") && named.contains("no-\($0)"))
        }
        #expect(missing == [])
        #expect(named.subtracting(options) == [])
    }

    @Test("every word for a refusal is in the page, and the page has no other")
    func refusals() throws {
        let source = Self.root.appendingPathComponent("Sources/AutohealCore/Plan/Refusal+Slug.swift")
        let words = try String(contentsOf: source, encoding: .utf8).matches(of: /: "([a-z-]+)"/).map { String($0.1) }
        let page = try Self.page("autoheal-agent.8").replacing("\n", with: " ")
        let listed = try #require(
            page.firstMatch(of: /The words for refusals, of which the log has the sentence: (.+?)\./)?.1
        )
        #expect(words.contains("partition-table"))
        #expect(listed.split(separator: ", ").map(String.init) == words.sorted())
    }

    @Test("every exit status of the program is in the page, and the page has no other")
    func exitStatuses() throws {
        let statuses = (Int32(0)...255).filter { ExitStatus(rawValue: $0) != nil }
        #expect(try Self.numbers("autoheal-agent.8") == statuses)
        #expect(try Self.numbers("mount.autoheal.8") == MountHelper.Exit.allCases.map(\.rawValue))
    }

    private static func numbers(_ page: String) throws -> [Int32] {
        try section("EXIT STATUS", of: page).filter { $0.hasPrefix(".It ") }.compactMap { Int32($0.dropFirst(4)) }
    }

    @Test("every unit that is named anywhere is one of the package, or one that user data writes")
    func units() throws {
        let packaging = Self.root.appendingPathComponent("packaging/debian")
        let kinds = ["service", "path", "target"]
        let units =
            try FileManager.default.contentsOfDirectory(atPath: packaging.path)
            .filter { kinds.contains(($0 as NSString).pathExtension) }
            .map { $0.hasPrefix("autoheal-agent.autoheal-") ? String($0.dropFirst("autoheal-agent.".count)) : $0 }
            + [UserDataPath.unit, UserDataPath.done].map { ($0 as NSString).lastPathComponent }
        #expect(units.contains("autoheal-agent.service") && units.contains("autoheal-data.target"))
        var named: [String: String] = [:]
        for place in ["Sources", "packaging", "docs", "README.md"] {
            for file in try Self.files(in: place) {
                guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
                for match in text.matches(of: /\b(autoheal-[a-z-]+\.(service|path|target))\b/) {
                    named[String(match.1)] = file.path
                }
            }
        }
        #expect(named.count > 5)
        for (unit, file) in named { #expect(units.contains(unit), "\(file)") }
    }

    private static func files(in place: String) throws -> [URL] {
        let url = root.appendingPathComponent(place)
        guard let names = FileManager.default.enumerator(atPath: url.path) else { return [url] }
        let files = names.compactMap { ($0 as? String).map(url.appendingPathComponent) }
        return files.isEmpty ? [url] : files
    }
}
