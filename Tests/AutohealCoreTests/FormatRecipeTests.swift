import AutohealSpec
import AutohealState
import FoundationEssentials
import Testing

@Suite("Format recipe")
struct FormatRecipeTests {
    private func extended(_ recipe: FormatRecipe) -> [Substring] {
        guard let index = recipe.arguments.firstIndex(of: "-E") else { return [] }
        return recipe.arguments[index + 1].split(separator: ",")
    }

    private func recipe(
        size: UInt64 = 16 << 30,
        _ geometry: DeviceGeometry = DeviceGeometry(),
        e2fsprogs: String = "1.47.0",
        options: [String] = []
    ) throws -> FormatRecipe {
        FormatRecipe(
            uuid: UUID(),
            time: 1,
            size: size,
            options: try MkfsOptions(words: options),
            geometry: geometry,
            e2fsprogs: e2fsprogs
        )
    }

    @Test("all that is random or of the moment is given: UUID, hash seed, time")
    func deterministic() throws {
        let recipe = try recipe()
        #expect(
            recipe.arguments.contains(recipe.uuid.text) && extended(recipe).contains("hash_seed=\(recipe.uuid.text)")
        )
        #expect(recipe.environment == ["E2FSPROGS_FAKE_TIME": "1"])
    }

    @Test(
        "blocks are as mkfs.ext4 chooses them for the device",
        arguments: [
            (300 << 20, 512, [], 1024), (300 << 20, 4096, [], 4096), (512 << 20, 512, [], 4096),
            (16 << 30, 4096, [], 4096),
            (16 << 30, 512, ["-b", "2048"], 2048), (16 << 30, 512, ["-b1024"], 1024),
        ] as [(UInt64, UInt64, [String], UInt64)]
    )
    func blockSize(size: UInt64, sector: UInt64, options: [String], expected: UInt64) throws {
        let recipe = try recipe(size: size, DeviceGeometry(logicalSector: sector), options: options)
        #expect(recipe.blockSize == expected)
        #expect(recipe.arguments.firstIndex(of: "-b").map { recipe.arguments[$0 + 1] } == "\(expected)")
    }

    @Test("the topology is told to mkfs.ext4, which sees only a file")
    func topology() throws {
        let raid = try recipe(DeviceGeometry(minimumIO: 65536, optimalIO: 262_144))
        #expect(extended(raid).contains("stride=16") && extended(raid).contains("stripe_width=64"))
        let disk = try recipe(DeviceGeometry(logicalSector: 512, physicalSector: 4096, minimumIO: 4096, optimalIO: 0))
        #expect(!extended(disk).contains { $0.hasPrefix("stri") })
        let large = try recipe(DeviceGeometry(physicalSector: 16384, minimumIO: 0, optimalIO: 0))
        #expect(extended(large).contains("stride=4") && extended(large).contains("stripe_width=4"))
    }

    @Test(
        "the kernel is told that the storage reads as zeros where mkfs.ext4 knows how to say so",
        arguments: [
            ("1.46.6", false), ("1.47.0", true), ("1.47.2-rc1", true), ("1.48", true), ("2.0", true), ("1.9", false),
            ("", false), ("x.y", false),
        ]
    )
    func prezeroed(version: String, knows: Bool) throws {
        #expect(extended(try recipe(e2fsprogs: version)).contains("assume_storage_prezeroed=1") == knows)
    }

    @Test("what was asked for comes after our own, where it wins")
    func order() throws {
        let recipe = try recipe(options: ["-m", "0", "-E", "stride=9"])
        #expect(recipe.arguments.suffix(2) == ["-m", "0"] && extended(recipe).last == "stride=9")
    }

    @Test("the version is read from what mke2fs says of itself")
    func version() {
        let banner = "mke2fs 1.47.0 (5-Feb-2023) / Using EXT2FS Library version 1.47.0"
        #expect(FormatRecipe.version(banner: banner) == "1.47.0")
        #expect(FormatRecipe.version(banner: "mke2fs") == nil && FormatRecipe.version(banner: "") == nil)
    }

    @Test(
        "options that fight with a format in memory are refused in words",
        arguments: [
            (["-c"], "bad blocks"), (["-l", "list"], "bad blocks"),
            (["-J", "size=4,device=/dev/sdb"], "another device"),
            (["-O", "journal_dev"], "another device"), (["-O", "quota,mmp"], "never made the same twice"),
            (["-E", "offset=1048576"], "elsewhere"),
            (["-E", "stride=4,discard"], "discard"), (["-E", "lazy_itable_init=0"], "zero"),
            (["-Elazy_journal_init=0"], "zero"),
        ] as [([String], String)]
    )
    func contradictions(words: [String], problem: String) {
        do {
            _ = try MkfsOptions(words: words)
            Issue.record("taken: \(words)")
        } catch {
            #expect(error.description.contains(problem), "\(error)")
        }
    }
}
