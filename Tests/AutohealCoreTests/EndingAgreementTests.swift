import AutohealRun
import AutohealSpec
import Testing

@Suite("Agreement on an end")
struct EndingAgreementTests {
    private func agreed(_ answers: [(Bool, at: Double)], _ reason: EndingReason = .terminate) -> [Bool] {
        var agreement = EndingAgreement()
        var agreed: [Bool] = []
        for (isAnnounced, time) in answers { agreed.append(agreement.note(reason, isAnnounced: isAnnounced, at: time)) }
        return agreed
    }

    @Test func `two answers that are far enough apart agree`() {
        #expect(agreed([(true, at: 0), (true, at: 5), (true, at: 10)]) == [false, true, true])
    }

    @Test func `answers in a hurry do not`() {
        #expect(agreed([(true, at: 0), (true, at: 4.9), (true, at: 5)]) == [false, false, true])
    }

    @Test func `one that says otherwise begins it anew`() {
        #expect(
            agreed([(true, at: 0), (false, at: 5), (true, at: 10), (true, at: 15)]) == [false, false, false, true]
        )
    }

    @Test func `one reason says nothing of another`() {
        var agreement = EndingAgreement()
        let answers = [EndingReason.terminate, .spot, .terminate]
        var agreed: [Bool] = []
        for (index, reason) in answers.enumerated() {
            agreed.append(agreement.note(reason, isAnnounced: true, at: Double(index) * 5))
        }
        #expect(agreed == [false, false, true])
    }
}
