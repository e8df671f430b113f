import Logging
import StructuredLogging
import Testing

@Suite(.timeLimit(.minutes(1))) struct InstanceTagsTests {
    private let hour = Duration.seconds(3600)

    @Test func `Lines carry the tags from when they are known`() {
        let tags = InstanceTags()
        #expect(tags.provider.get() == [:])
        tags.fill(["host.id": "i-0123456789abcdef0"])
        #expect(tags.provider.get() == ["host.id": "i-0123456789abcdef0"])
        tags.fill(["host.id": "i-0123456789abcdef0", "aws.autoscaling.group": "g"])
        #expect(tags.provider.get()["aws.autoscaling.group"] == "g")
    }

    @Test func `Tags that are known are not waited for`() async {
        let tags = InstanceTags()
        tags.fill(["host.id": "i"])
        #expect(await tags.wait(atMost: hour))
        #expect(await tags.wait(atMost: .zero))
    }

    @Test func `Waiting ends when the tags come`() async {
        let tags = InstanceTags()
        async let first = tags.wait(atMost: hour)
        async let second = tags.wait(atMost: hour)
        await Task.yield()
        tags.fill(["host.id": "i"])
        #expect(await first)
        #expect(await second)
    }

    @Test func `Waiting ends when no tags will come`() async {
        let tags = InstanceTags()
        async let wait = tags.wait(atMost: hour)
        await Task.yield()
        tags.giveUp()
        #expect(await !wait)
        #expect(await !tags.wait(atMost: hour))
    }

    @Test func `Giving up keeps what came before`() async {
        let tags = InstanceTags()
        tags.fill(["host.id": "i"])
        tags.giveUp()
        #expect(await tags.wait(atMost: hour))
    }

    @Test(arguments: [Duration.zero, .milliseconds(-1), .milliseconds(1)])
    func `Waiting ends when the time is over`(limit: Duration) async {
        #expect(await !InstanceTags().wait(atMost: limit))
    }

    @Test func `Waiting ends when the task is cancelled`() async {
        let tags = InstanceTags()
        let waiting = Task { await tags.wait(atMost: hour) }
        await Task.yield()
        waiting.cancel()
        #expect(await !waiting.value)
    }

    @Test func `A thousand waits and one answer, in any order`() async {
        let tags = InstanceTags()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<1000 { group.addTask { await tags.wait(atMost: hour) } }
            group.addTask {
                tags.fill(["host.id": "i"])
                return true
            }
            for await isFilled in group { #expect(isFilled) }
        }
    }
}
