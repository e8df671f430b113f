import TestSupport
import Testing

@Suite("Blank volume", .serialized, .requiresRoot, .timeLimit(.minutes(2)))
struct BlankVolumeTests {
    @Test(arguments: [8 << 20, 64 << 20, 1 << 30, 1 << 40] as [UInt64])
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
        #expect(second.steps.isEmpty && second.log.contains("nothing to do"), "\(second)")
        let isStillMounted = volume.isMounted
        #expect(isStillMounted)

        try await volume.unmount()
        // Looking through all of a terabyte takes seconds.
        let force = size < 1 << 40 ? ["-f"] : []
        try await Command.check("e2fsck", force + ["-n", volume.node])
    }

    @Test func `files outlive the instance`() async throws {
        let volume = try TestVolume()
        let first = try await volume.run()
        #expect(first.exitCode == 0, "\(first)")
        let uuid = try await volume.tag("UUID")
        for boot in 1...3 {
            try Files.write("boot \(boot)\n", to: "\(volume.mountPoint)/boot\(boot)")
            try await volume.unmount()
            try volume.device.detach()
            try await Eventually.holds("the device is free") { (try? volume.device.attach(volume.image)) != nil }
            let run = try await volume.run()
            #expect(run.exitCode == 0 && !run.did("format"), "\(run)")
            for earlier in 1...boot {
                let text = Files.text("\(volume.mountPoint)/boot\(earlier)")
                #expect(text == "boot \(earlier)\n")
            }
        }
        let after = try await volume.tag("UUID")
        #expect(after == uuid)
    }

    @Test func `label, owner, mode and mount options are as asked for, and stay as they are later`() async throws {
        let volume = try TestVolume()
        let flags = [
            "--label", "data-1", "--owner", "65534:65534", "--mode", "2750", "--options", "noatime,nodev",
            "--filesystem",
            "ext4",
        ]
        let run = try await volume.run("mount", flags)
        #expect(run.exitCode == 0, "\(run)")
        let label = try await volume.tag("LABEL")
        #expect(label == "data-1")
        #expect(Files.ownership(volume.mountPoint) == "2750 65534:65534")
        let options = try await Command.check("findmnt", ["-n", "-o", "OPTIONS", volume.mountPoint])
        #expect(options.contains("noatime") && options.contains("nodev"), "\(options)")

        try await Command.check("chown", ["1:1", volume.mountPoint])
        try await volume.unmount()
        let again = try await volume.run("mount", flags)
        #expect(again.exitCode == 0, "\(again)")
        #expect(Files.ownership(volume.mountPoint) == "2750 1:1", "what somebody changed is theirs")
    }

    @Test func `options for mkfs reach it beside our own`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--mkfs-options", "-m 0 -b 2048 -E stride=4 -O ^has_journal"])
        #expect(run.exitCode == 0, "\(run)")
        let listing = try await Command.check("dumpe2fs", ["-h", volume.node])
        #expect(listing.contains("RAID stride:              4"), "\(listing)")
        #expect(listing.contains("Block size:               2048"), "\(listing)")
        #expect(!listing.contains("has_journal"), "\(listing)")
    }

    @Test func `a user who does not exist is found out before anything is written`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--owner", "nobody-of-this-name"])
        #expect(run.exitCode == 78, "\(run)")
        let isBlank = try volume.snapshot().isZero
        #expect(isBlank)
    }

    @Test func `mkfs options that mkfs does not take are its error, and the next run makes it good`() async throws {
        let volume = try TestVolume()
        let failed = try await volume.run("mount", ["--mkfs-options", "-b 12345"])
        #expect(failed.exitCode == 73 && failed.log.contains("12345"), "\(failed)")
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
    }

    @Test func `never to format means never`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--format", "never"])
        #expect(run.exitCode == 65 && run.log.contains("never"), "\(run)")
        #expect(!run.log.contains("Reading the device"), "nothing that is asked depends on it: \(run)")
        _ = try await InterruptedFormat.make(on: volume)
        let before = try volume.snapshot()
        let interrupted = try await volume.run("mount", ["--format", "never"])
        #expect(interrupted.exitCode == 65, "\(interrupted)")
        let difference = try volume.snapshot().firstDifference(from: before)
        #expect(difference == nil)
    }

    @Test(arguments: [512, 4096] as [UInt32])
    func `sectors of any size will do`(sector: UInt32) async throws {
        let volume = try TestVolume(attached: false)
        try volume.device.attach(volume.image, blockSize: sector)
        let run = try await volume.run()
        #expect(run.exitCode == 0, "\(run)")
        let isMounted = volume.isMounted
        #expect(isMounted)
    }

    @Test func `a device that does not tell its volume id is taken by its path, with a warning`() async throws {
        let volume = try TestVolume()
        let run = try await volume.run("mount", ["--volume-id", "vol-0123456789abcdef0"])
        #expect(run.exitCode == 0 && run.warns("unverified"), "\(run)")
        #expect(run.log.contains("volume.id=vol-0123456789abcdef0"), "\(run)")
    }

    @Test func `not being root is said before anything is tried`() async throws {
        let volume = try TestVolume()
        let run = try await volume.agent.runAsNobody(volume.flags())
        #expect(run.exitCode == 77 && run.log.contains("root"), "\(run)")
    }
}
