import FoundationEssentials
import Logging
import Testing

@testable import StructuredLogging

@Suite struct JSONLogTests {
    private let log = JSONLog(output: LogOutput())

    private func decoded<Value: Decodable>(_ record: LogRecord, as type: Value.Type) throws -> Value {
        let line = log.line(record)
        #expect(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F })
        return try JSONDecoder().decode(type, from: Data(line.utf8))
    }

    @Test func `A line is an object with dotted keys`() {
        let line = log.line(
            LogRecord(
                "volume is ready",
                level: .notice,
                [
                    "volume": ["device": "/dev/xvdb"], "duration_ms": .stringConvertible(12),
                    "steps": ["format", "mount"],
                ],
                tags: ["host.id": "i-0123456789abcdef0"]
            )
        )
        #expect(
            line == #"{"time":"2026-01-02T03:04:05.067Z","level":"notice","message":"volume is ready","#
                + #""duration_ms":12,"steps":["format","mount"],"volume.device":"/dev/xvdb","#
                + #""host.id":"i-0123456789abcdef0"}"#
        )
    }

    @Test(arguments: Logger.Level.allCases)
    func `Each level has swift-log's name`(level: Logger.Level) throws {
        #expect(try decoded(LogRecord(level: level), as: [String: String].self)["level"] == level.rawValue)
    }

    @Test(arguments: injections)
    func `Every text comes back as it was`(text: String) throws {
        let message = try decoded(LogRecord(text), as: [String: String].self)
        #expect(message["message"] == text)
        let value = try decoded(LogRecord("m", ["k": .string(text)]), as: [String: String].self)
        #expect(value["k"] == text)
        #expect(value.count == 4)
        let key = try decoded(LogRecord("m", ["k" + text: "v"]), as: [String: String].self)
        #expect(key["k" + text] == "v")
    }

    @Test func `Every character comes back as it was`() throws {
        // The scripts with letters and marks of every kind, then samples of all planes.
        let codes = Array(0..<0x3100) + Array(stride(from: 0x3100, through: 0x10FFFF, by: 97))
        var text = ""
        text.unicodeScalars.append(contentsOf: codes.compactMap { Unicode.Scalar(UInt32($0)) })
        let value = try decoded(LogRecord("m", ["k": .string(text)]), as: [String: String].self)["k"]
        #expect(value?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }

    @Test func `Metadata cannot replace the time, the level or the message`() throws {
        let line = try decoded(
            LogRecord("m", ["time": "t", "level": "l", "message": "x"]),
            as: [String: String].self
        )
        #expect(line["message"] == "m")
        #expect(line["level"] == "info")
        #expect(line["metadata.message"] == "x")
        #expect(line.count == 6)
    }

    @Test func `Numbers are numbers where JSON has them`() {
        let record = LogRecord(
            "m",
            [
                "a": .stringConvertible(-1), "b": .stringConvertible(1.5), "c": .stringConvertible(true),
                "d": .stringConvertible(Double.infinity), "e": .stringConvertible(UInt64.max),
            ]
        )
        #expect(log.line(record).hasSuffix(#","a":-1,"b":1.5,"c":true,"d":"inf","e":18446744073709551615}"#))
    }

    @Test func `A key occurs once, however it is spelled`() {
        let record = LogRecord("m", ["a": ["b": "nested"], "a.b": "flat"])
        #expect(log.line(record).matches(of: #/"a\.b"/#).count == 1)
    }
}
