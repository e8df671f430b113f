import AutohealSpec
import Testing

@Suite("Wait schedule")
struct WaitScheduleTests {
    let schedule = WaitSchedule(tries: 6, interval: .seconds(10))

    @Test(
        "numbers the tries by the time that has passed",
        arguments: [(0, 1), (9_999, 1), (10_000, 2), (50_000, 6), (60_000, 6), (99_000, 6)]
    )
    func numbers(milliseconds: Int, number: Int) {
        #expect(schedule.tryNumber(at: .milliseconds(milliseconds)) == number)
    }

    @Test("looks once more at the deadline, then never again")
    func deadline() {
        #expect(schedule.pause(at: .milliseconds(59_900)) == .milliseconds(100))
        #expect(schedule.pause(at: .seconds(60)) == nil)
    }

    @Test("never sleeps past the next try, nor longer than the quiet interval")
    func pauses() {
        #expect(schedule.pause(at: .zero) == .seconds(1))
        #expect(schedule.pause(at: .milliseconds(9_700)) == .milliseconds(300))
    }

    @Test("ends: simulated sleeping reaches the deadline", arguments: [(1, 0.0), (1, 3), (6, 10), (100_000, 0.001)])
    func ends(tries: Int, interval: Double) {
        let schedule = WaitSchedule(tries: tries, interval: .seconds(interval))
        var elapsed = Duration.zero
        var looks = 0
        while let pause = schedule.pause(at: elapsed) {
            #expect(pause > .zero)
            elapsed += pause
            looks += 1
        }
        #expect(elapsed >= schedule.deadline && looks <= 2 * tries + Int(schedule.deadline / .seconds(1)))
    }
}
