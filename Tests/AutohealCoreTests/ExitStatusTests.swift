import AutohealCore
import Testing

@Suite("Exit status")
struct ExitStatusTests {
    @Test("of several volumes: what another try may mend comes first, so that the unit begins one")
    func several() {
        #expect(ExitStatus.ofAll([]) == .ok && ExitStatus.ofAll([.ok, .ok]) == .ok)
        #expect(ExitStatus.ofAll([.ok, .dataError, .configuration]) == .dataError)
        #expect(ExitStatus.ofAll([.dataError, .ok, .noInput, .ioError]) == .noInput)
    }
}
