import TestSupport
import Testing

/// `plan` and `probe` look and change nothing.
@Suite("Looking", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct LookingTests {
    @Test func `plan says what mount would do, and does nothing of it`() async throws {
        let volume = try TestVolume()
        let sectors = volume.device.sectorsWritten
        let plan = try await volume.run("plan")
        #expect(plan.exitCode == 0, "\(plan)")
        for word in ["format", "mount", "ext4", "immutable"] { #expect(plan.output.contains(word), "\(plan)") }
        let exists = Files.exists(volume.mountPoint)
        #expect(!exists)
        let sectorsAfter = volume.device.sectorsWritten
        #expect(sectorsAfter == sectors)

        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        let after = try await volume.run("plan")
        #expect(after.exitCode == 0 && after.output.contains("nothing to do"), "\(after)")
    }

    @Test func `plan does not wait`() async throws {
        let volume = try TestVolume(attached: false)
        let plan = try await volume.run("plan", ["--tries", "6", "--interval", "600"])
        #expect(plan.exitCode == 74, "\(plan)")
        let absent = try await volume.run(
            "plan",
            ["--device", "/dev/no-such-device", "--tries", "6", "--interval", "600"]
        )
        #expect(absent.exitCode == 66, "\(absent)")
    }

    @Test func `plan and probe do not replay a journal`() async throws {
        let volume = try TestVolume()
        let mounted = try await volume.run()
        #expect(mounted.exitCode == 0, "\(mounted)")
        try Files.write("late\n", to: "\(volume.mountPoint)/file")
        try await Command.check("sync", ["-f", volume.mountPoint])
        let crashed = try TestVolume(attached: false)
        try await Command.check("cp", ["--sparse=always", volume.image, crashed.image])
        try crashed.device.attach(crashed.image)
        let before = try crashed.snapshot()
        let plan = try await crashed.run("plan")
        #expect(plan.exitCode == 0 && plan.output.contains("e2fsck -p"), "\(plan)")
        let probe = try await crashed.agent.run(["probe", "--device", crashed.node])
        #expect(probe.exitCode == 0, "\(probe)")
        let difference = try crashed.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test(
        arguments: [
            (ForeignContent.gpt, "partition-table"), (.luks1, "other"), (.squashfsAndExt4, "ambivalent"),
            (.badChecksum, "damaged"), (.lostSuperblockSmallBlocks, "damaged"), (.random, "unknown-data"),
            (nil, "blank"),
        ] as [(ForeignContent?, String)]
    )
    func `probe tells what is on a device, and without root on an image`(
        content: ForeignContent?,
        name: String
    ) async throws {
        let volume = try TestVolume()
        try await content?.write(to: volume)
        let before = try volume.snapshot()
        let device = try await volume.agent.run(["probe", "--json", "--device", volume.node])
        #expect(device.exitCode == 0 && device.output.contains("\"content\" : \"\(name)\""), "\(device)")
        try await Command.check("chmod", ["0644", volume.image])
        let image = try await volume.agent.runAsNobody(["probe", "--json", "--device", volume.image])
        #expect(image.exitCode == 0 && image.output.contains("\"content\" : \"\(name)\""), "\(image)")
        let text = try await volume.agent.run(["probe", "--device", volume.image])
        #expect(text.exitCode == 0 && text.output.contains(name), "\(text)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test(arguments: ExistingFilesystem.allCases)
    func `probe knows type, label and UUID of a file system`(filesystem: ExistingFilesystem) async throws {
        let volume = try TestVolume(size: filesystem.minimumSize)
        try await filesystem.make(on: volume)
        let uuid = try await volume.tag("UUID")
        let probe = try await volume.agent.run(["probe", "--device", volume.node])
        for word in [filesystem.rawValue, "kept", uuid] { #expect(probe.output.contains(word), "\(probe)") }
    }

    @Test func `probe of what cannot be read says so in its exit code`() async throws {
        let volume = try TestVolume()
        let absent = try await volume.agent.run(["probe", "--device", "\(volume.directory.path)/nothing"])
        #expect(absent.exitCode == 66, "\(absent)")
        let directory = try await volume.agent.run(["probe", "--device", volume.directory.path])
        #expect(directory.exitCode == 74 || directory.exitCode == 66, "\(directory)")
        let forbidden = try await volume.agent.runAsNobody(["probe", "--device", volume.node])
        #expect(forbidden.exitCode == 77, "\(forbidden)")
        try Files.makeSparse("\(volume.directory.path)/empty", size: 0)
        let empty = try await volume.agent.run(["probe", "--device", "\(volume.directory.path)/empty"])
        #expect(empty.exitCode == 0 && empty.output.contains("blank"), "\(empty)")
    }
}
