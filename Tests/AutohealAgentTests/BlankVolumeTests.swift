import TestSupport
import Testing

@Suite("Blank volume", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct BlankVolumeTests {
    @Test(arguments: [64 << 20, 1 << 30, 1 << 40] as [UInt64])
    func `a blank volume is formatted and mounted, and a second run changes nothing`(size: UInt64) async throws {
        let volume = try TestVolume(size: size)
        let first = try await volume.run()
        #expect(first.exitCode == 0, "\(first)")
        #expect(first.did("format") && first.did("mount"), "\(first)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        let type = try await volume.tag("TYPE")
        #expect(type == "ext4")

        let second = try await volume.run()
        #expect(second.exitCode == 0, "\(second)")
        #expect(second.steps.isEmpty, "\(second)")
        #expect(second.log.contains("nothing to do"), "\(second)")
        let isStillMounted = volume.isMounted
        #expect(isStillMounted)

        try await volume.unmount()
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }
}
