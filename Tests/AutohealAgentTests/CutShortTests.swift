import TestSupport
import Testing

/// A volume that was restored smaller than its file system, or an image that was cut.
@Suite("File system larger than its device", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct CutShortTests {
    @Test(arguments: [ExistingFilesystem.ext2, .ext4, .xfs, .btrfs], [[], ["--options", "ro"], ["--no-check"]])
    func `it is refused before anything is run on it`(filesystem: ExistingFilesystem, flags: [String]) async throws {
        let whole = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: whole)
        let size = filesystem.minimumSize - 4 << 20
        try await Command.check("truncate", ["-s", "\(size)", whole.image])
        let volume = try TestVolume(size: size, attached: false)
        try await Command.check("cp", ["--sparse=always", whole.image, volume.image])
        try volume.device.attach(volume.image)
        let before = try volume.snapshot()
        for command in ["plan", "mount"] {
            let run = try await volume.run(command, flags)
            let text = run.log + run.output
            #expect(run.exitCode == 65 && text.contains("larger than its device"), "\(run)")
            #expect(text.contains("\(filesystem.minimumSize)") && text.contains("\(size)"), "\(run)")
            #expect(run.steps.allSatisfy { $0.hasSuffix("mount-point") }, "\(run)")
        }
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }
}
