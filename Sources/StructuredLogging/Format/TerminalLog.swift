import Logging
import Synchronization

/// Writes lines for a person who watches: `   1.24  Mounted the volume step=mount duration_ms=12.3`.
///
/// Who the instance and the volume are is said once, when it is known. Below the lines one more shows how far something is
/// that takes long; it is overwritten in place, without escape sequences.
final class TerminalLog: LogDestination {
    private struct State {
        var saidTags: [LogField] = []
        var saidVolumes: [String] = []
        /// What takes long, by mount point, in the order in which it began.
        var activities: [(mountPoint: String, text: String)] = []
        /// Characters of the line that is to be overwritten.
        var shown = 0
    }

    private let output: LogOutput
    private let namesVolumes: Bool
    private let elapsed: @Sendable () -> Duration
    private let state = Mutex(State())

    /// Columns of a terminal that does not tell.
    private static let usualColumns = 80

    /// - Parameter elapsed: since the start of the program.
    init(output: LogOutput, namesVolumes: Bool, elapsed: (@Sendable () -> Duration)? = nil) {
        self.output = output
        self.namesVolumes = namesVolumes
        let start = ContinuousClock.now
        self.elapsed = elapsed ?? { ContinuousClock.now - start }
    }

    func write(_ record: LogRecord) {
        state.withLock { state in
            var lines = Self.news(of: record.tags, &state)
            lines += Self.news(of: record, &state)
            let names = namesVolumes || state.saidVolumes.count > 1
            lines.append(Self.line(record, at: elapsed(), namesVolume: names))
            write(lines, &state)
        }
    }

    /// Says who the instance is, as far as that was not said before.
    func identify(_ tags: [LogField]) {
        state.withLock { write(Self.news(of: tags, &$0), &$0) }
    }

    /// Shows how far something is, in place of what was shown of that volume before; nil ends it.
    @Sendable func show(_ mountPoint: String, _ text: String?) {
        state.withLock { state in
            let index = state.activities.firstIndex { $0.mountPoint == mountPoint }
            switch (index, text) {
            case (let index?, let text?): state.activities[index].text = text
            case (let index?, nil): state.activities.remove(at: index)
            case (nil, let text?): state.activities.append((mountPoint, text))
            case (nil, nil): return
            }
            write([], &state)
        }
    }

    /// Seconds with two decimals, the level where it needs a word, the message, and what only this line says.
    static func line(_ record: LogRecord, at elapsed: Duration, namesVolume: Bool) -> String {
        let volume = namesVolume ? record.mountPoint.map { TextEscape.escaped($0) + ": " } : nil
        let level = record.levelName.map { $0 + " " } ?? ""
        return "\(seconds(elapsed))  \(volume ?? "")\(level)" + TextLog.text(record, fields: record.special)
    }

    /// `   1.24`.
    private static func seconds(_ elapsed: Duration) -> String {
        let hundredths = max(0, Int(elapsed / .milliseconds(10)))
        let fraction = String(hundredths % 100)
        let text = "\(hundredths / 100).\(fraction.count < 2 ? "0" : "")\(fraction)"
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
    }

    private static func news(of tags: [LogField], _ state: inout State) -> [String] {
        // Where nobody tells who it is there is nothing to say.
        let unknown = LogField(key: "host.id", value: .text("unknown"))
        let news = tags.filter { !state.saidTags.contains($0) && $0 != unknown }
        guard !news.isEmpty else { return [] }
        state.saidTags += news
        return ["Instance:" + list(news)]
    }

    private static func news(of record: LogRecord, _ state: inout State) -> [String] {
        guard let mountPoint = record.mountPoint, !state.saidVolumes.contains(mountPoint) else { return [] }
        state.saidVolumes.append(mountPoint)
        let names = [record.text("volume.id"), record.text("volume.device")].compactMap { $0 }
        let volume = names.map(TextEscape.escaped).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return ["Volume: \(volume.joined(separator: ", ")) at \(TextEscape.escaped(mountPoint))"]
    }

    private static func list(_ fields: [LogField]) -> String {
        fields.map { " \(TextEscape.key($0.key))=\(TextEscape.quoted($0.value.text))" }.joined()
    }

    /// Lines in place of what was shown, and what is shown now below them.
    private func write(_ lines: [String], _ state: inout State) {
        let progress = progress(state)
        var text = ""
        if !lines.isEmpty {
            if state.shown > 0 { text += "\r" + String(repeating: " ", count: state.shown) + "\r" }
            text += lines.map { $0 + "\n" }.joined()
            state.shown = 0
        }
        let rest = max(0, state.shown - progress.count)
        if state.shown > 0 || !progress.isEmpty { text += "\r" + progress + String(repeating: " ", count: rest) }
        // Nothing shown: the next one to write begins at the left.
        if progress.isEmpty, state.shown > 0 { text += "\r" }
        state.shown = progress.count
        if !text.isEmpty { output.write(Array(text.utf8)) }
    }

    /// In one row, or a terminal would not go back to its beginning.
    private func progress(_ state: State) -> String {
        guard !state.activities.isEmpty else { return "" }
        let names = namesVolumes || state.activities.count > 1
        let texts = state.activities.map { (names ? "\($0.mountPoint): " : "") + $0.text }
        let text = "\(Self.seconds(elapsed()))  " + texts.map(TextEscape.escaped).joined(separator: "; ")
        return String(text.prefix(max(1, (output.columns ?? Self.usualColumns) - 1)))
    }
}
