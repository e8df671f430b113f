import AutohealState
import Testing

@Suite("Verdict of e2fsck")
struct CheckVerdictTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let exitCode: Int32?
        let lines: [String]
        let verdict: CheckVerdict
        var testDescription: String { "\(exitCode.map(String.init) ?? "killed") \(lines.first ?? "")" }
    }

    static let multiMount = "e2fsck: MMP: device currently active while trying to open /dev/xvdb"

    /// As e2fsprogs 1.47.0 prints them.
    static let rows: [Row] = [
        Row(exitCode: 0, lines: ["/dev/xvdb: clean"], verdict: .sound),
        Row(exitCode: 1, lines: ["/dev/xvdb: recovering journal"], verdict: .sound),
        Row(exitCode: 2, lines: [], verdict: .sound),
        Row(exitCode: 4, lines: ["UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY."], verdict: .uncorrected(exitCode: 4)),
        Row(exitCode: 7, lines: [], verdict: .uncorrected(exitCode: 7)),
        Row(
            exitCode: 8,
            lines: ["/dev/xvdb has unsupported feature(s): FEATURE_I30", "e2fsck: Get a newer version of e2fsck!"],
            verdict: .unknownFeature("/dev/xvdb has unsupported feature(s): FEATURE_I30")
        ),
        Row(
            exitCode: 12,
            lines: [
                "/dev/xvdb has unsupported feature(s): FEATURE_C30", "e2fsck: Get a newer version of e2fsck!",
                "/dev/xvdb: ********** WARNING: Filesystem still has errors **********",
            ],
            verdict: .unknownFeature("/dev/xvdb has unsupported feature(s): FEATURE_C30")
        ),
        Row(
            exitCode: 8,
            lines: [
                multiMount, "/dev/xvdb:", "is corrupt, and you might try", "    e2fsck -b 8193 <device>", " or", "x",
                "y",
            ],
            verdict: .activeElsewhere(multiMount)
        ),
        Row(
            exitCode: 8,
            lines: ["/dev/xvdb is mounted.", "e2fsck: Cannot continue, aborting."],
            verdict: .inUse("/dev/xvdb is mounted.")
        ),
        Row(
            exitCode: 8,
            lines: ["/dev/xvdb is in use.", "e2fsck: Cannot continue, aborting."],
            verdict: .inUse("/dev/xvdb is in use.")
        ),
        Row(exitCode: 8, lines: ["Input/output error"], verdict: .failed("exit code 8: Input/output error")),
        Row(exitCode: 32, lines: ["cancelled"], verdict: .failed("exit code 32: cancelled")),
        Row(exitCode: nil, lines: ["a", "b"], verdict: .failed("it was killed: a / b")),
    ]

    @Test("its exit code and its words together say what to do", arguments: rows)
    func verdict(row: Row) {
        #expect(CheckVerdict(exitCode: row.exitCode, lines: row.lines) == row.verdict)
    }

    @Test("what a file name or a label says does not turn errors into something else")
    func words() {
        let lines = [
            "Entry 'MMP: x is mounted.' in / (2) has deleted/unused inode 12.", "Get a newer version of e2fsck",
        ]
        #expect(CheckVerdict(exitCode: 4, lines: lines) == .uncorrected(exitCode: 4))
    }
}
