import InstanceMetadata
import Testing

@Suite struct BackoffTests {
    @Test func `Pauses double up to the maximum`() {
        let backoff = Backoff()
        let pauses = (1...7).map { backoff.pause(afterAttempt: $0) }
        #expect(pauses == [100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) })
    }

    @Test(arguments: [Int.min, 0, 1, 1000, Int.max])
    func `No attempt is too far`(attempt: Int) {
        let pause = Backoff().pause(afterAttempt: attempt)
        #expect(pause >= .milliseconds(100))
        #expect(pause <= .seconds(2))
    }
}
