import Libmount
import SystemPackage
import TestSupport
import Testing

@Suite struct FstabTests {
    @Test func `a line is read as systemd and mount read it`() throws {
        let scratch = try ScratchDirectory()
        let file = "\(scratch.path)/fstab"
        try Files.write(
            """
            # a comment
            vol-0123456789abcdef0 /my\\040data autoheal noatime,autoheal.label="a,b\\040c",nofail 0 2
            LABEL=root / ext4 defaults

            """,
            to: file
        )
        let entries = try MountTable(fstab: file).entries
        #expect(entries.map(\.source) == ["vol-0123456789abcdef0", "LABEL=root"])
        #expect(entries.first?.target == "/my data" && entries.first?.type == "autoheal")
        #expect(entries.first?.options == "noatime,autoheal.label=\"a,b c\",nofail")
        #expect(entries.map(\.passNumber) == [2, 0])
    }

    @Test func `a line that is none is told by its number, and the others are read`() throws {
        let scratch = try ScratchDirectory()
        let file = "\(scratch.path)/fstab"
        try Files.write("# a comment\nvol-0123456789abcdef0\nLABEL=root / ext4\n", to: file)
        let table = try MountTable(fstab: file)
        #expect(table.entries.map(\.source) == ["LABEL=root"])
        #expect(table.unreadableLines == [2])
    }

    @Test func `what only others read is not passed on`() throws {
        let options =
            "errors=remount-ro,rw,nofail,noatime,user,noauto,comment=x,x-systemd.mount-timeout=infinity,autoheal.label=\"a,b c\","
            + "defaults,_netdev"
        #expect(try passedOptions(options) == "rw,noatime,errors=remount-ro,autoheal.label=\"a,b c\"")
        #expect(try passedOptions("") == "")
        #expect(try passedOptions("defaults") == "")
    }

    @Test func `a missing file is told from an empty one`() throws {
        let scratch = try ScratchDirectory()
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try MountTable(fstab: "\(scratch.path)/none") }
        try Files.write("", to: "\(scratch.path)/fstab")
        #expect(try MountTable(fstab: "\(scratch.path)/fstab").entries.isEmpty)
    }
}
