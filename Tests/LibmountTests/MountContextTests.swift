import Libmount
import TestSupport
import Testing

@Suite("Mount context", .serialized, .requiresRoot, .timeLimit(.minutes(1)))
struct MountContextTests {
    @Test("mounts a tmpfs with its options, and unmounts it")
    func tmpfs() throws {
        let scratch = try ScratchDirectory()
        let target = "\(scratch.path)/target"
        try Files.makeDirectory(target)
        try MountContext(source: "none", target: target, type: "tmpfs", options: "size=1m,ro").mount()
        let entry = try MountTable().topmost(at: target)
        #expect(entry?.type == "tmpfs" && entry?.isReadOnly == true)
        try unmount(target)
        #expect(try MountTable().topmost(at: target) == nil)
    }

    @Test("a mount that fails says why in the kernel's terms")
    func failure() throws {
        let scratch = try ScratchDirectory()
        #expect {
            try MountContext(source: "/dev/null", target: scratch.path, type: "ext4", options: "").mount()
        } throws: { error in
            (error as? MountError).map { $0.code != 0 && !$0.text.isEmpty } ?? false
        }
    }

    @Test("nofail does not turn a missing device into success")
    func nofail() throws {
        let scratch = try ScratchDirectory()
        #expect(throws: MountError.self) {
            try MountContext(source: "/dev/nonexistent", target: scratch.path, type: "ext4", options: "nofail").mount()
        }
        #expect(try MountTable().topmost(at: scratch.path) == nil)
    }

    @Test("what is not mounted cannot be unmounted")
    func notMounted() throws {
        let scratch = try ScratchDirectory()
        #expect(throws: MountError.self) { try unmount(scratch.path) }
    }
}
