import TestSupport
import Testing

/// A program that is started without standard descriptors gets the next file it opens as one of them.
@Suite("Closed standard descriptors", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct ClosedDescriptorTests {
    private static let redirections = ["<&- >&- 2>&-", "<&- 2>&-", "2>&-", ">&- 2>&-", "<&-"]

    private func wrapper(_ redirection: String) -> [String] { ["sh", "-c", #"exec "$0" "$@" "# + redirection] }

    @Test(arguments: redirections)
    func `neither the agent nor a child has a device as descriptor 0, 1 or 2`(redirection: String) async throws {
        let volume = try TestVolume()
        try await ExistingFilesystem.ext4.make(on: volume)
        let trace = "\(volume.directory.path)/trace"
        let strace = ["strace", "-f", "-q", "-y", "-e", "trace=open,openat,dup,dup2,dup3,fcntl", "-o", trace]
        let run = try await volume.run("mount", ["--log-level", "trace"], under: strace + wrapper(redirection))
        #expect(run.exitCode == 0, "\(run)")
        let opened = (Files.text(trace) ?? "").split(separator: "\n").filter { $0.hasSuffix("<\(volume.node)>") }
        #expect(opened.count > 1)
        let wrong = opened.filter { line in ["= 0<", "= 1<", "= 2<"].contains { line.contains($0) } }
        #expect(wrong == [])
    }

    @Test(arguments: redirections)
    func `a blank volume is formatted, and is clean`(redirection: String) async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--log-level", "trace"], under: wrapper(redirection))
        #expect(run.exitCode == 0, "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
        try await volume.unmount()
        try await Command.check("e2fsck", ["-f", "-n", volume.node])
    }
}
