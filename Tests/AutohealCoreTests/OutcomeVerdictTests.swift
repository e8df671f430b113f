import AutohealRun
import AutohealSpec
import Testing

@Suite("Verdict for the console")
struct OutcomeVerdictTests {
    private typealias Volume = OutcomeEvidence.Volume
    private let mounted = Volume(isMounted: true)
    private let absent = Volume(isUnmounted: true, failure: .init(exit: 66, cause: "device-absent"))
    private let foreign = Volume(isUnmounted: true, failure: .init(exit: 65, cause: "partition-table"))

    private func verdict(
        _ state: OutcomeEvidence.Unit.State?,
        exit: Int32 = 0,
        asked: Bool = false,
        _ volumes: [OutcomeEvidence.Volume],
        isRight: Bool = true,
        another: Bool = false,
        handOver: HandOver? = nil
    ) -> OutcomeVerdict {
        OutcomeVerdict(
            OutcomeEvidence(
                unit: state.map { OutcomeEvidence.Unit($0, exit: exit, wasAskedToEnd: asked) },
                volumes: volumes,
                isConfigurationRight: isRight,
                isAnotherMounted: another,
                handOver: handOver
            )
        )
    }

    private func ending(_ verdict: OutcomeVerdict) -> ConsoleOutcome.Ending? {
        if case .final(let ending) = verdict { ending } else { nil }
    }

    @Test("mounted is said only if every volume is, and by nobody's leave before the run has ended")
    func success() {
        #expect(ending(verdict(.active, [mounted, mounted])) == .init(.mounted))
        #expect(ending(verdict(nil, [mounted])) == .init(.mounted))
        #expect(ending(verdict(.active, [mounted, Volume()])) == nil)
        #expect(ending(verdict(.atWork, [mounted])) == nil)
        #expect(ending(verdict(.active, [mounted, Volume(isMounted: true, isBeingMounted: true)])) == nil)
        #expect(ending(verdict(.active, [])) == nil)
        #expect(ending(verdict(.active, [], isRight: false)) == nil)
        #expect(ending(verdict(.active, [mounted], isRight: false)) == nil)
    }

    @Test("a failure that is tried again says nothing, the last one says what it was")
    func failure() {
        #expect(ending(verdict(.atWork, exit: 66, [absent])) == nil)
        #expect(ending(verdict(.failed, exit: 66, [absent])) == .init(.failed, exit: 66, reason: "device-absent"))
        #expect(
            ending(verdict(.failed, exit: 65, [mounted, foreign]))
                == .init(.refused, exit: 65, reason: "partition-table")
        )
        // The one whose status the unit has ended with.
        #expect(
            ending(verdict(.failed, exit: 66, [foreign, absent])) == .init(.failed, exit: 66, reason: "device-absent")
        )
        // What an earlier run has left is not the reason of this one.
        #expect(ending(verdict(.failed, exit: 78, [absent])) == .init(.refused, exit: 78, reason: "configuration"))
        #expect(
            ending(verdict(.failed, exit: 78, [], isRight: false)) == .init(.refused, exit: 78, reason: "configuration")
        )
        #expect(ending(verdict(.failed, exit: 137, [Volume()])) == .init(.failed, exit: 137, reason: "killed"))
        #expect(ending(verdict(.failed, exit: 0, [Volume()]))?.exit == 70)
    }

    @Test("a run that was asked to end has not failed")
    func asked() {
        #expect(ending(verdict(.failed, exit: 75, asked: true, [absent])) == nil)
        #expect(ending(verdict(.failed, exit: 75, asked: true, [mounted])) == .init(.mounted))
    }

    @Test("what a person has mended is mounted, whatever the unit came to")
    func mended() {
        #expect(ending(verdict(.failed, exit: 65, [mounted])) == .init(.mounted))
    }

    @Test("a mount of fstab that is at work is waited for; where the unit is off, mounts stand for themselves")
    func fstab() {
        let works = Volume(isUnmounted: true, isBeingMounted: true)
        #expect(ending(verdict(.failed, exit: 66, [works])) == nil)
        let failed = Volume(isUnmounted: true, hasFailedMount: true, failure: .init(exit: 66, cause: "device-absent"))
        #expect(ending(verdict(.inactive, [mounted, failed])) == .init(.failed, exit: 66, reason: "device-absent"))
        #expect(ending(verdict(.inactive, [absent])) == nil)
    }

    @Test("released is said only once all of them are, and nothing was lost")
    func released() {
        var handOver = HandOver(ending: .spot, mountPoints: ["/data"], time: 0)
        let off = Volume(isUnmounted: true)
        #expect(ending(verdict(.inactive, [off], handOver: handOver)) == nil)
        handOver.isDone = true
        let released = ConsoleOutcome.Ending(.released, reason: "spot")
        #expect(ending(verdict(.inactive, [off, off], handOver: handOver)) == released)
        let atWork = Volume(isUnmounted: true, isBeingMounted: true)
        #expect(ending(verdict(.inactive, [off, atWork], handOver: handOver)) == nil)
        #expect(ending(verdict(.inactive, [off, mounted], handOver: handOver)) == nil)
        #expect(ending(verdict(.inactive, [off], another: true, handOver: handOver)) == nil)
        #expect(ending(verdict(.inactive, [Volume(isUnmounted: true, hasLostWrites: true)], handOver: handOver)) == nil)
        #expect(ending(verdict(.inactive, [], handOver: handOver)) == released)
        // What a person has released, a person may mount again: no reason to detach it later.
        var byHand = HandOver(ending: nil, mountPoints: ["/data", "/more"], time: 0)
        byHand.isDone = true
        #expect(ending(verdict(.inactive, [off], handOver: byHand)) == .init(.released))
        #expect(ending(verdict(.inactive, [off], handOver: byHand.without(["/more"]))) == nil, "one was taken back")
    }
}
