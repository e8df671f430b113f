import Glibc
import StructuredLogging
import SystemPackage
import TestSupport
import Testing

@Suite struct LogFormatTests {
    @Test(arguments: [LogFormat.text, .terminal, .json, .journal])
    func `A format that was asked for stays`(format: LogFormat) {
        #expect(format.resolved(environment: ["JOURNAL_STREAM": "1:2"]) == format)
    }

    @Test func `Automatic means the journal when standard error is the journal`() throws {
        let pipe = try LinePipe()
        var status = stat()
        #expect(fstat(pipe.writing.rawValue, &status) == 0)
        let environment = ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"]
        #expect(LogFormat.auto.resolved(environment: environment, standardError: pipe.writing) == .journal)

        // The variable alone proves nothing: a child inherits it with another standard error.
        let other = try LinePipe()
        #expect(LogFormat.auto.resolved(environment: environment, standardError: other.writing) == .text)
    }

    @Test(arguments: [nil, "", ":", "1", "1:", ":1", "1:2:3", "a:b", "-1:2", "99999999999999999999:1", "1:2"])
    func `Automatic means text otherwise`(value: String?) throws {
        let pipe = try LinePipe()
        let environment = value.map { ["JOURNAL_STREAM": $0] } ?? [:]
        #expect(LogFormat.auto.resolved(environment: environment, standardError: pipe.writing) == .text)
    }

    @Test func `Automatic means the terminal where standard error is one`() throws {
        let terminal = try PseudoTerminal()
        #expect(LogFormat.auto.resolved(environment: [:], standardError: terminal.descriptor) == .terminal)
        #expect(LogFormat.text.resolved(environment: [:], standardError: terminal.descriptor) == .text)
    }

    @Test func `A closed standard error is no journal`() {
        let closed = FileDescriptor(rawValue: 1_000_000)
        #expect(LogFormat.auto.resolved(environment: ["JOURNAL_STREAM": "1:2"], standardError: closed) == .text)
    }
}
