import AutohealHost
import TestSupport
import Testing

@Suite("Which instance this is")
struct CurrentInstanceTests {
    private static let nitro = "i-0123456789abcdef0"

    /// - Parameters:
    ///   - tag: what the firmware says.
    ///   - cloudInit: what cloud-init has found out in this boot.
    private func id(tag: String?, cloudInit: String?) throws -> String? {
        let scratch = try ScratchDirectory()
        if let tag {
            try makeDirectories("/sys/class/dmi/id", in: scratch.path)
            try Files.write(tag + "\n", to: "\(scratch.path)/sys/class/dmi/id/board_asset_tag")
        }
        if let cloudInit {
            try makeDirectories("/run/cloud-init", in: scratch.path)
            try Files.write(cloudInit + "\n", to: "\(scratch.path)/run/cloud-init/.instance-id")
        }
        return CurrentInstance(on: MachineRoots(sys: scratch.path + "/sys", run: scratch.path + "/run")).id
    }

    private func makeDirectories(_ path: String, in directory: String) throws {
        var made = directory
        for name in path.split(separator: "/") {
            made += "/\(name)"
            try Files.makeDirectory(made)
        }
    }

    @Test("Nitro's firmware knows it first")
    func firmware() throws {
        #expect(try id(tag: Self.nitro, cloudInit: nil) == Self.nitro)
        #expect(try id(tag: Self.nitro, cloudInit: "i-0000000000000000f") == Self.nitro)
    }

    @Test("Elsewhere cloud-init does", arguments: [nil, "", "Not Specified", "i-xyz", "i-0123456789ABCDEF0"])
    func cloudInit(tag: String?) throws {
        #expect(try id(tag: tag, cloudInit: "iid-local01") == "iid-local01")
        #expect(try id(tag: tag, cloudInit: nil) == nil)
        #expect(try id(tag: tag, cloudInit: "") == nil)
    }
}
