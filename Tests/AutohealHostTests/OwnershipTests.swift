import AutohealHost
import AutohealRun
import AutohealSpec
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
        "an unknown user or group is an error that says which of the two",
        arguments: [
            ("no-such-user", "user"), ("root:no-such-group", "group"), ("-1", "user"), ("4294967296", "user"),
            ("0:4294967296", "group"), ("", "user"), (":", "user"), (":root", "user"), ("root:", "group"),
        ]
    )
    func unknown(name: String, kind: String) {
        let error = ConfigurationError(key: "owner", found: name, problem: "names a \(kind) that does not exist here")
        #expect(throws: VolumeError.misconfigured(error)) { _ = try Ownership(named: name) }
    }
}
