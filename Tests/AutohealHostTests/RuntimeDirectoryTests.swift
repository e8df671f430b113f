import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import SystemPackage
import TestSupport
import Testing

@Suite("Runtime directory")
struct RuntimeDirectoryTests {
    static func report(at mountPoint: String, _ outcome: Outcome) throws -> Report {
        Report(
            spec: try .test { $0.mountPoint = mountPoint },
            outcome: outcome,
            time: 1_790_000_000,
            duration: 0.5
        )
    }

    @Test(
        "is systemd's if it names one, else the one under /run",
        arguments: [
            (["RUNTIME_DIRECTORY": "/run/a:/run/b"], "/run/a"), ([:], "/run/autoheal-agent"),
            (["RUNTIME_DIRECTORY": "relative"], "/run/autoheal-agent"),
            (["RUNTIME_DIRECTORY": ""], "/run/autoheal-agent"),
        ]
    )
    func place(environment: [String: String], path: String) {
        #expect(RuntimeDirectory(environment: environment).path == path)
    }

    @Test("a report reads back as it was written, and the last one of a mount point counts")
    func reports() throws {
        let scratch = try ScratchDirectory()
        let directory = RuntimeDirectory(path: "\(scratch.path)/a/b")
        let first = try Self.report(at: "/data", .stopped(.refused(.deviceEmpty)))
        let second = try Self.report(at: "/data", .stopped(.refused(.deviceReadOnly)))
        let other = try Self.report(at: "/srv/my-app", .stopped(.interrupted(signal: 15)))
        for report in [first, second, other] { try directory.write(report) }
        #expect(directory.reports() == [second, other])
        #expect(second.exitStatus == .osError && other.outcome == "interrupted")
    }

    @Test("mount points that differ only in dash and slash have reports of their own")
    func escaping() throws {
        let scratch = try ScratchDirectory()
        let directory = RuntimeDirectory(path: scratch.path)
        for path in ["/a/b", "/a-b"] {
            try directory.write(try Self.report(at: path, .stopped(.refused(.deviceEmpty))))
        }
        #expect(directory.reports().map(\.mountPoint).sorted() == ["/a-b", "/a/b"])
    }

    @Test("garbage between the reports is passed over", arguments: ["", "{", "null", "[]", "{\"version\": \"x\"}"])
    func garbage(text: String) throws {
        let scratch = try ScratchDirectory()
        try Files.write(text, to: "\(scratch.path)/x.json")
        #expect(RuntimeDirectory(path: scratch.path).reports() == [])
    }

    @Test("a directory that cannot be made is an error with its errno")
    func unwritable() throws {
        let scratch = try ScratchDirectory()
        try Files.write("", to: "\(scratch.path)/file")
        let directory = RuntimeDirectory(path: "\(scratch.path)/file/run")
        #expect(throws: Errno.self) {
            try directory.write(try Self.report(at: "/data", .stopped(.refused(.deviceEmpty))))
        }
    }
}
