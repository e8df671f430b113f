import AutohealHost
import Testing

@Suite("Ownership")
struct OwnershipTests {
    @Test("names and numbers are looked up; without a group it is the user's own")
    func lookup() throws {
        #expect(try Ownership(named: "root").group == 0)
        #expect(try Ownership(named: "0:0") == Ownership(named: "root:root"))
        #expect(try Ownership(named: "4242:4343").group == 4343)
        #expect(try Ownership(named: "4242").user == 4242)
    }

    @Test(
        "an unknown user or group is an error",
        arguments: ["no-such-user", "root:no-such-group", "-1", "4294967296"]
    )
    func unknown(name: String) {
        #expect(throws: (any Error).self) { _ = try Ownership(named: name) }
    }
}
