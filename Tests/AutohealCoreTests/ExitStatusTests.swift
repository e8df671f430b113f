import AutohealPlan
import Foundation
import Testing

@Suite("Exit status")
struct ExitStatusTests {
    @Test("of several volumes: what another try may mend comes first, so that the unit begins one")
    func several() {
        #expect(ExitStatus.ofAll([]) == .ok && ExitStatus.ofAll([.ok, .ok]) == .ok)
        #expect(ExitStatus.ofAll([.ok, .dataError, .configuration]) == .dataError)
        #expect(ExitStatus.ofAll([.dataError, .ok, .noInput, .ioError]) == .noInput)
    }

    @Test("systemd begins another try for those that it may mend, and for no others")
    func unit() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let file = root.appendingPathComponent("packaging/debian/autoheal-agent.service")
        let line = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .first { $0.hasPrefix("RestartPreventExitStatus=") }
        let listed = line?.split(separator: "=").last?.split(separator: " ").compactMap { Int32($0) } ?? []
        let final = (Int32(1)...255).filter { ExitStatus(rawValue: $0)?.mayPass == false }
        #expect(listed == final)
    }
}
