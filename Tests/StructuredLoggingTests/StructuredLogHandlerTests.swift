import Logging
import StructuredLogging
import SystemPackage
import Testing

@Suite struct StructuredLogHandlerTests {
    private struct Failure: Error, CustomStringConvertible {
        var description: String { "it broke" }
    }

    private func configuration(
        _ format: LogFormat,
        _ standardError: FileDescriptor,
        level: Logger.Level = .info,
        tags: InstanceTags = InstanceTags(),
        journalSocket: String = "/nonexistent"
    ) -> LoggingConfiguration {
        LoggingConfiguration(
            format: format,
            level: level,
            tags: tags,
            environment: [:],
            copiesToConsole: false,
            standardError: standardError,
            journalSocket: journalSocket
        )
    }

    /// The line without its time.
    private func text(_ line: String) -> String {
        String(line.drop { $0 != " " }.dropFirst())
    }

    @Test func `Tags come after they are known and after what the line says`() throws {
        let pipe = try LinePipe()
        let tags = InstanceTags()
        var logger = configuration(.text, pipe.writing, tags: tags).logger()
        logger[metadataKey: "volume.device"] = "/dev/xvdb"
        logger.info("before", metadata: ["step": "mount"])
        tags.fill(["host.id": "i-0123456789abcdef0"])
        logger.info("after", metadata: ["step": "mount"])
        #expect(
            pipe.writes().map(text) == [
                "INFO before step=mount volume.device=/dev/xvdb\n",
                "INFO after step=mount volume.device=/dev/xvdb host.id=i-0123456789abcdef0\n",
            ]
        )
    }

    @Test func `The call wins over the provider, the provider over the logger`() throws {
        let pipe = try LinePipe()
        let tags = InstanceTags()
        tags.fill(["a": "provider", "b": "provider"])
        var logger = configuration(.text, pipe.writing, tags: tags).logger()
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "b"] = "logger"
        logger[metadataKey: "c"] = "logger"
        logger.info("m", metadata: ["b": "call"])
        #expect(pipe.writes().map(text) == ["INFO m b=call c=logger a=provider\n"])
    }

    @Test func `Level and metadata are values`() throws {
        let pipe = try LinePipe()
        var first = configuration(.text, pipe.writing, level: .debug).logger()
        first[metadataKey: "only-on"] = "first"
        var second = first
        second.logLevel = .error
        second[metadataKey: "only-on"] = "second"
        first.debug("m")
        second.warning("not written")
        second.error("m")
        #expect(pipe.writes().map(text) == ["DEBUG m only-on=first\n", "ERROR m only-on=second\n"])
    }

    @Test func `An error is a field`() throws {
        let pipe = try LinePipe()
        configuration(.text, pipe.writing).logger().error("m", error: Failure())
        #expect(pipe.writes().map(text) == ["ERROR m error.message=\"it broke\"\n"])
    }

    @Test func `The format decides what a line looks like`() throws {
        let journal = try JournalReceiver()
        let pipe = try LinePipe()
        configuration(.json, pipe.writing).logger().info("m")
        #expect(pipe.writes().first?.hasSuffix(#","level":"info","message":"m"}"# + "\n") == true)
        configuration(.journal, pipe.writing, journalSocket: journal.path).logger().info("m")
        #expect(try journal.receive()["MESSAGE"] == ["m"])
        #expect(configuration(.auto, pipe.writing).format == .text)
        #expect(pipe.writes().isEmpty)
    }
}
