import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import StructuredLogging

@Suite(.timeLimit(.minutes(1))) struct LogOutputTests {
    init() {
        // As the agent does.
        signal(SIGPIPE, SIG_IGN)
    }

    @Test func `A line is one write`() throws {
        let pipe = try LinePipe()
        let output = LogOutput(pipe.writing)
        output.write(Array("one\n".utf8))
        output.write(Array("two\n".utf8))
        #expect(pipe.writes() == ["one\n", "two\n"])
    }

    @Test func `A long line into a file is one write too and loses nothing`() throws {
        let path = "/tmp/log-output-\(getpid())"
        let file = try FileDescriptor.open(
            FilePath(path),
            .readWrite,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        defer {
            try? file.close()
            unlink(path)
        }
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + Array("\n".utf8)
        LogOutput(file).write(line)
        #expect(try file.seek(offset: 0, from: .end) == Int64(line.count))
    }

    @Test func `A reader that went away costs its lines and no pause, and one that comes later reads on`() throws {
        let ends = try FileDescriptor.pipe()
        defer { try? ends.writeEnd.close() }
        let output = LogOutput(ends.writeEnd, patience: .seconds(30))
        try ends.readEnd.close()
        let start = ContinuousClock.now
        output.write(Array("lost\n".utf8))
        #expect(ContinuousClock.now - start < .seconds(15))

        let later = try FileDescriptor.open("/proc/self/fd/\(ends.writeEnd.rawValue)", .readOnly)
        defer { try? later.close() }
        output.write(Array("after\n".utf8))
        #expect(try drain(later) == "after\n")
    }

    @Test func `A descriptor that is closed costs its lines and no pause, and works once it is open`() throws {
        let pipe = try LinePipe()
        // So high that no other test is given the number meanwhile.
        let number = fcntl(pipe.writing.rawValue, F_DUPFD_CLOEXEC, 900)
        try #require(number >= 900)
        defer { close(number) }
        let output = LogOutput(FileDescriptor(rawValue: number), patience: .seconds(30))
        close(number)
        let start = ContinuousClock.now
        output.write(Array("lost\n".utf8))
        #expect(ContinuousClock.now - start < .seconds(15))

        #expect(dup2(pipe.writing.rawValue, number) == number)
        output.write(Array("after\n".utf8))
        #expect(pipe.writes() == ["after\n"])
    }

    @Test(arguments: [false, true])
    func `A full pipe loses lines after one pause and never breaks a later one`(nonBlocking: Bool) throws {
        let ends = try FileDescriptor.pipe()
        defer {
            try? ends.readEnd.close()
            try? ends.writeEnd.close()
        }
        if nonBlocking { #expect(fcntl(ends.writeEnd.rawValue, F_SETFL, O_NONBLOCK) == 0) }
        let output = LogOutput(ends.writeEnd, patience: .milliseconds(20))
        let line = Array(repeating: UInt8(ascii: "x"), count: 9999) + Array("\n".utf8)
        let start = ContinuousClock.now
        for _ in 0..<1000 { output.write(line) }
        // 1000 pauses would be 20 seconds.
        #expect(ContinuousClock.now - start < .seconds(10))

        try drain(ends.readEnd)
        output.write(Array("after\n".utf8))
        #expect(try drain(ends.readEnd) == "\nafter\n")
        output.write(Array("whole\n".utf8))
        #expect(try drain(ends.readEnd) == "whole\n")
    }

    @Test func `A terminal that nobody reads loses lines, and holds up nothing`() throws {
        let terminal = try PseudoTerminal()
        let output = LogOutput(terminal.descriptor, patience: .milliseconds(20))
        let line = Array(repeating: UInt8(ascii: "x"), count: 333) + Array("\n".utf8)
        for _ in 0..<1000 { output.write(line) }
        #expect(terminal.received().hasPrefix("xxx"))
        // Others who share the terminal find it as it was.
        #expect(fcntl(terminal.descriptor.rawValue, F_GETFL) & O_NONBLOCK == 0)
    }

    /// Reads what is there.
    @discardableResult
    private func drain(_ descriptor: FileDescriptor) throws -> String {
        #expect(fcntl(descriptor.rawValue, F_SETFL, O_NONBLOCK) == 0)
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            do {
                let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                text += String(decoding: buffer[..<count], as: UTF8.self)
            } catch Errno.wouldBlock {
                return text
            }
        }
    }
}
