import Libmount
import SystemPackage
import TestSupport
import Testing

@Suite("Mount table")
struct MountTableTests {
    static let recorded = """
        27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
        40 27 7:0 / /data rw,noatime - ext4 /dev/loop0 rw
        41 27 7:1 / /mnt/two\\040words ro,relatime - xfs /dev/loop1 rw
        42 27 7:2 / /forced rw,relatime - ext4 /dev/loop2 ro,errors=remount-ro
        43 40 7:3 /sub /data rw,relatime - ext4 /dev/loop3 rw
        44 27 0:31 /@data /btrfs rw,relatime - btrfs /dev/loop4 rw,subvol=/@data

        """

    func withTable<Result>(_ text: String = recorded, _ body: (borrowing MountTable) throws -> Result) throws -> Result
    {
        let scratch = try ScratchDirectory()
        try Files.write(text, to: "\(scratch.path)/mountinfo")
        return try body(MountTable(mountInfo: "\(scratch.path)/mountinfo"))
    }

    @Test("the topmost of two mounts on one directory is the later one")
    func topmost() throws {
        let entry = try withTable { $0.topmost(at: "/data") }
        #expect(entry?.source == "/dev/loop3" && entry?.root == "/sub")
    }

    @Test("a directory inside a mount is not a mount point")
    func inside() throws {
        #expect(try withTable { $0.topmost(at: "/data/inside") } == nil)
        #expect(try withTable { $0.topmost(at: "/dat") } == nil)
    }

    @Test("read-only is what the mount says or what the file system underneath says")
    func readOnly() throws {
        try withTable { table in
            #expect(table.topmost(at: "/mnt/two words")?.isReadOnly == true)
            #expect(table.topmost(at: "/forced")?.isReadOnly == true)
            #expect(table.topmost(at: "/btrfs")?.isReadOnly == false)
        }
    }

    @Test("gives every entry with its device number")
    func entries() throws {
        let entries = try withTable { $0.entries }
        #expect(entries.count == 6)
        #expect(entries[1].device == 7 << 8 && entries[1].target == "/data")
    }

    @Test("a table that is not there is an error, not an empty table")
    func missing() {
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try MountTable(mountInfo: "/nonexistent/mountinfo") }
    }

    @Test(
        "what is garbled is no mount, and hides none of those before and after it",
        arguments: ["", "\n\n", "garbage", "1 2 3", String(repeating: "x", count: 100_000)]
    )
    func garbled(text: String) throws {
        #expect(try withTable(text) { $0.entries.isEmpty && $0.topmost(at: "/data") == nil })
        let recorded = try withTable { $0.entries.map(\.source) }
        #expect(
            try withTable("\(Self.recorded)\(text)\n\(Self.recorded)") { $0.entries.map(\.source) } == recorded
                + recorded
        )
    }

    @Test("active swap areas are listed")
    func swaps() throws {
        let scratch = try ScratchDirectory()
        let path = "\(scratch.path)/swaps"
        try Files.write(
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/vdb                               partition\t1024\t\t0\t\t-2\n",
            to: path
        )
        #expect(try MountTable(swaps: path).entries.map(\.source) == ["/dev/vdb"])
    }
}
