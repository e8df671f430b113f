import AutohealRun
import Logging
import Synchronization
import Testing

@Suite struct ProgressTests {
    /// A clock that a test sets, and what was said until then.
    private final class Scene: Sendable {
        private struct State {
            var time: Duration = .zero
            var log: [String] = []
            var shown: [String?] = []
        }
        private let state = Mutex(State())

        var log: [String] { state.withLock { $0.log } }
        var shown: [String?] { state.withLock { $0.shown } }
        var clock: @Sendable () -> Duration { { self.state.withLock { $0.time } } }
        var display: ProgressDisplay {
            { point, text in
                let row = text.map { "\(point): \($0)" }
                self.state.withLock { $0.shown.append(row) }
            }
        }

        func set(_ seconds: Double) { state.withLock { $0.time = .seconds(seconds) } }

        var logger: Logger {
            var logger = Logger(label: "test") { _ in
                Handler(note: { line in self.state.withLock { $0.log.append(line) } })
            }
            logger[metadataKey: "volume.mount_point"] = "/data"
            return logger
        }
    }

    private func report(
        _ activity: String,
        _ name: String,
        _ scene: Scene,
        display: ProgressDisplay? = nil,
        level: Logger.Level? = .notice
    ) -> ProgressReport {
        ProgressReport(
            activity,
            name: name,
            level: level,
            logger: scene.logger,
            display: display,
            clock: scene.clock
        )
    }

    private struct Handler: LogHandler {
        let note: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(note: @escaping @Sendable (String) -> Void) { self.note = note }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            note("\(event.level) \(event.message) \(fields)")
        }
    }

    @Test func `A log says something after 10 seconds, and then every 30`() {
        let scene = Scene()
        let report = self.report("Reading the device", "survey", scene)
        for second in stride(from: 0.0, through: 100, by: 0.5) {
            scene.set(second)
            report.update(.bytes(UInt64(second), of: 100))
        }
        #expect(
            scene.log == [10, 40, 70, 100].map { "notice Reading the device survey.done=\($0) %" }
        )
        #expect(scene.shown.isEmpty)
    }

    @Test func `What is over sooner says nothing`() {
        let scene = Scene()
        let logged = report("a", "a", scene)
        let shown = report("a", "a", scene, display: scene.display)
        scene.set(0.4)
        shown.update()
        scene.set(9.9)
        logged.update()
        logged.end()
        scene.set(1000)
        logged.update()
        #expect(scene.log.isEmpty && scene.shown.isEmpty)
    }

    @Test func `A terminal shows it soon and often, and nothing more once it is over`() {
        let scene = Scene()
        let report = self.report("Reading", "survey", scene, display: scene.display)
        for (second, done) in [(0.4, 1), (0.5, 2), (0.6, 3), (0.8, 4), (12.0, 5)] {
            scene.set(second)
            report.update(.bytes(UInt64(done) << 20, of: 10 << 20))
        }
        report.end()
        scene.set(100)
        report.update()
        report.end()
        #expect(
            scene.shown == [
                "/data: Reading: 20 %, 2.0 MiB of 10.0 MiB, 0 s", "/data: Reading: 40 %, 4.0 MiB of 10.0 MiB, 0 s",
                "/data: Reading: 50 %, 5.0 MiB of 10.0 MiB, 12 s", nil,
            ]
        )
        #expect(scene.log.isEmpty)
    }

    @Test func `Where nothing tells how far it is, the time is said`() {
        let scene = Scene()
        let report = self.report("Making", "image", scene)
        scene.set(10)
        report.update()
        #expect(scene.log == ["notice Making image.seconds=10"])
        #expect(ProgressAmount.text("try 2 of 6").description(after: .seconds(12)) == "try 2 of 6, 12 s")
    }

    @Test func `A log that is told by other lines gets none`() {
        let scene = Scene()
        let report = self.report("Waiting", "wait", scene, level: nil)
        scene.set(100)
        report.update()
        #expect(scene.log.isEmpty)
    }

    @Test(arguments: [
        (ProgressAmount.share(0.999), "99 %"), (.share(1), "100 %"), (.share(-1), "0 %"), (.share(7), "100 %"),
        (.bytes(199, of: 200), "99 %"), (.bytes(0, of: 0), "100 %"), (.bytes(.max, of: .max), "100 %"),
    ])
    func `Nothing is complete before it is`(amount: ProgressAmount, percent: String) {
        #expect(amount.percent == percent)
    }

    @Test(arguments: [
        ("1 0 128 /dev/nvme1n1", 0.0), ("1 64 128 /dev/nvme1n1", 0.35), ("2 1 2 /dev/nvme1n1", 0.8),
        ("5 128 128 /dev/nvme1n1", 1.0), ("3 0 0 1_2__kept", 0.9),
    ])
    func `e2fsck says how far it is`(line: String, share: Double) throws {
        let progress = try #require(CheckProgress(line: line))
        #expect(abs(progress.share - share) < 1e-9)
    }

    @Test(arguments: [
        "", "/dev/nvme1n1: clean, 11/65536 files, 12955/262144 blocks", "1 2 3", "1 2 3 ", "1_2_3_x: clean", "1 2 3 x:",
        "0 1 2 /dev/nvme1n1", "6 1 2 /dev/nvme1n1", "1 -1 2 /dev/nvme1n1", "1 2 3 /dev/nvme1n1 is mounted",
    ])
    func `Other lines of e2fsck are none of that`(line: String) {
        #expect(CheckProgress(line: line) == nil)
    }
}
