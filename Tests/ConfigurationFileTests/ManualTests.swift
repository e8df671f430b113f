import AutohealSpec
import Foundation
import Testing

@testable import ConfigurationFile

@Suite("The manual and the keys")
struct ManualTests {
    private static func page(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("packaging/\(name)"), encoding: .utf8)
    }

    static let tables: [(name: String, keys: [String])] = [
        ("[[volume]]", VolumeSettings.CodingKeys.allCases.map(\.rawValue)),
        ("[agent]", AgentSettings.CodingKeys.allCases.map(\.rawValue)),
        ("[health]", HealthSettings.CodingKeys.allCases.map(\.rawValue)),
        ("[hand-over]", HandOverSettings.CodingKeys.allCases.map(\.rawValue)),
    ]

    @Test("every key of a table is in its part of the page, and no other", arguments: tables)
    func keys(table: String, keys: [String]) throws {
        let lines = try Self.page("man/autoheal-agent.toml.5").split(separator: "\n")
        let start = try #require(lines.firstIndex(of: ".Ss \(table)"))
        let part = lines[(start + 1)...].prefix { !$0.hasPrefix(".Ss ") && !$0.hasPrefix(".Sh ") }
        let named = part.joined(separator: "\n").matches(of: /Sy ([a-z-]+) No =/).map { String($0.1) }
        #expect(named.sorted() == keys.sorted())
    }

    @Test("every key of a table is in the example, given or as a comment, and no other", arguments: tables)
    func example(table: String, keys: [String]) throws {
        var named: Set<String> = []
        var heading = ""
        for line in try Self.page("examples/config.toml").split(separator: "\n").map({ $0.trimmingPrefix("#") }) {
            if line.hasPrefix("[") { heading = String(line) }
            if heading == table, let key = line.prefixMatch(of: #/([a-z-]+) = /#) { named.insert(String(key.1)) }
        }
        #expect(named == Set(keys))
    }

    @Test("every setting that is an option of fstab is in the page of mount.autoheal, and no other")
    func fstabOptions() throws {
        let lines = try Self.page("man/mount.autoheal.8").split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix(".It Cm autoheal. Ns") })
        // From the first line of the list to its last, which follows "or"; `.Cm` marks each line of it.
        let list = lines[(start + 1)...].drop { !$0.hasPrefix(".Cm ") }.prefix { !$0.hasPrefix(".Cm autoheal.") }
        let named = list.filter { $0.hasPrefix(".Cm ") }.flatMap { $0.split(separator: " ").dropFirst() }
            .map(String.init).filter { ![",", "."].contains($0) }
        #expect(named.sorted() == FstabOptions.keys.map(\.rawValue).sorted())
    }
}
