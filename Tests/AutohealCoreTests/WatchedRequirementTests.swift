import AutohealHealth
import Testing

@Suite("What is required beside the volumes")
struct WatchedRequirementTests {
    private static let starting = RequirementState.starting("activating")
    private static let absent = RequirementState.absent("inactive")
    private static let dead = RequirementState.dead("failed")
    private static let unknown = RequirementState.unknown("no such unit")

    private func verdicts(
        _ states: [RequirementState],
        dueFrom: Int = 0,
        startLimit: Double = 3600
    ) -> [HealthVerdict] {
        var requirement = WatchedRequirement(startLimit: startLimit)
        return states.enumerated().map { index, state in
            _ = requirement.note(state, answer: index, isDue: index >= dueFrom, at: Double(index) * 10)
            #expect(requirement.isMet == (state == .met))
            return requirement.verdict
        }
    }

    @Test func `a service that has died has failed only when two looks agree`() {
        #expect(verdicts([.met, Self.dead, Self.dead, .met]) == [.healthy, .degraded, .failed, .healthy])
        #expect(verdicts([.met, Self.dead, Self.starting, .met]) == [.healthy, .degraded, .starting, .healthy])
        #expect(verdicts([.met, Self.absent, Self.absent]) == [.healthy, .degraded, .failed])
    }

    @Test func `one answer that is seen twice, and two in a hurry, agree with nothing`() {
        for (answers, times) in [([1, 1, 1], [0.0, 5, 10]), ([1, 2, 3], [0.0, 1, 2])] {
            var requirement = WatchedRequirement(startLimit: 3600)
            _ = requirement.note(.met, answer: 0, isDue: true, at: 0)
            for (answer, time) in zip(answers, times) {
                _ = requirement.note(Self.absent, answer: answer, isDue: true, at: time)
                #expect(requirement.verdict == .degraded)
            }
        }
    }

    @Test func `one that was stopped on purpose is given its time to start again`() {
        var requirement = WatchedRequirement(startLimit: 3600)
        _ = requirement.note(.met, answer: 1, isDue: true, at: 0)
        requirement.forget()
        for answer in 2...4 {
            _ = requirement.note(Self.absent, answer: answer, isDue: true, at: Double(answer) * 10)
            #expect(requirement.verdict == .starting)
        }
    }

    @Test func `one that is still starting is given its time, and no more`() {
        #expect(verdicts([Self.starting, Self.starting, .met]) == [.starting, .starting, .healthy])
        #expect(verdicts([Self.absent, Self.absent, Self.absent]) == [.starting, .starting, .starting])
        #expect(
            verdicts([Self.starting, Self.starting, Self.starting, Self.starting], startLimit: 15)
                == [.starting, .starting, .starting, .failed]
        )
    }

    @Test func `nothing is held against it while its volumes are missing`() {
        #expect(verdicts([Self.absent, Self.dead, .met], dueFrom: 9) == [.waiting, .waiting, .healthy])
        #expect(
            verdicts([.met, Self.dead, Self.dead, Self.dead], dueFrom: 3) == [
                .healthy, .degraded, .degraded, .degraded,
            ]
        )
    }

    @Test func `what cannot be seen is no reason for a new instance`() {
        #expect(verdicts([Self.unknown, Self.unknown, Self.unknown], startLimit: 0).allSatisfy { $0 == .degraded })
    }

    @Test func `growth is asked for once for each size, and again after ten minutes`() {
        var request = GrowthRequest()
        let looks: [(size: UInt64?, time: Double)] = [
            (2, 0), (2, 10), (3, 20), (3, 619), (3, 620), (nil, 630), (3, 640),
        ]
        let due = looks.map { look in request.isDue(look.size.map { ["/data": $0] } ?? [:], at: look.time) }
        #expect(due == [true, false, true, false, true, false, true])
    }
}
