import AutohealSpec
import Testing

@testable import ConfigurationFile

/// Lines of fstab(5) as volumes.
struct FstabTests {
    static let right = "nofail,x-systemd.mount-timeout=infinity"

    static func entry(
        _ passed: String = "",
        spec: String = "vol-0123456789abcdef0",
        at mountPoint: String = "/data",
        type: String = "autoheal",
        others: String = right
    ) -> FstabEntry {
        FstabEntry(
            spec: spec,
            mountPoint: mountPoint,
            type: type,
            options: [others, passed].filter { !$0.isEmpty }.joined(separator: ","),
            passedOptions: passed
        )
    }

    private func settings(_ passed: String, spec: String = "vol-0123456789abcdef0") throws -> VolumeSettings {
        try FstabVolume(Self.entry(passed, spec: spec), file: "fstab").settings
    }

    private func problems(_ entry: FstabEntry) -> String {
        Fstab(file: "fstab", entries: [entry]).problems().map { $0.description(file: "fstab") }.joined(separator: "\n")
    }

    @Test func `a line is a volume with the defaults of the configuration file, waited for as long as the unit does`()
        throws
    {
        var plain = VolumeSettings()
        plain.device = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
        plain.volumeID = "vol-0123456789abcdef0"
        plain.mountPoint = "/data"
        plain.tries = 130
        let volume = try FstabVolume(Self.entry("rw"), file: "fstab")
        #expect(try volume.spec == VolumeSpec(plain))
        #expect(volume.spec.formatPolicy == .ifBlank && volume.spec.deadline == .seconds(1300))
    }

    @Test func `every setting of the configuration file is an option, but for the fields of the line`() throws {
        let found = try settings(
            "rw,noatime,autoheal.device=/dev/xvdf,autoheal.tries=6,autoheal.interval=2.5,autoheal.filesystem=ext4,"
                + "autoheal.label=\"a,b c\",autoheal.format=never,autoheal.owner=postgres:postgres,autoheal.mode=0750,"
                + "autoheal.nogrow,autoheal.check=false,autoheal.mkfs-options=\"-m 0 -O quota,^has_journal\",errors=remount-ro"
        )
        var wanted = VolumeSettings()
        wanted.device = "/dev/xvdf"
        wanted.mountPoint = "/data"
        wanted.volumeID = "vol-0123456789abcdef0"
        wanted.tries = 6
        wanted.interval = 2.5
        wanted.filesystem = "ext4"
        wanted.label = "a,b c"
        wanted.format = "never"
        wanted.owner = "postgres:postgres"
        wanted.mode = "0750"
        wanted.grow = false
        wanted.check = false
        wanted.mkfsOptions = ["-m", "0", "-O", "quota,^has_journal"]
        wanted.options = "noatime,errors=remount-ro"
        #expect(found == wanted)
        let fields: Set<VolumeSettings.CodingKeys> = [.volumeID, .mountPoint, .options]
        #expect(Set(FstabOptions.keys) == Set(VolumeSettings.CodingKeys.allCases).subtracting(fields))
    }

    @Test func `other tries are not other patience`() throws {
        #expect(try settings("autoheal.interval=1").tries == 1300)
        #expect(try settings("autoheal.interval=0").tries == 1)
        #expect(try settings("autoheal.tries=3").tries == 3)
    }

    @Test func `read-only stays read-only`() throws {
        #expect(try FstabVolume(Self.entry("ro,noatime"), file: "fstab").spec.options.isReadOnly)
        #expect(try !FstabVolume(Self.entry("ro,noatime,rw"), file: "fstab").spec.options.isReadOnly)
        #expect(try FstabVolume(Self.entry("rw,ro"), file: "fstab").spec.options.isReadOnly)
    }

    @Test(arguments: [
        ("autoheal.trie=6", "did you mean 'autoheal.tries'?"),
        ("autoheal.tries=many", "autoheal.tries must be an integer, such as autoheal.tries=6."),
        ("autoheal.tries", "autoheal.tries must be an integer"),
        ("autoheal.tries=0", "autoheal.tries '0' must be from 1 to 100000."),
        ("autoheal.interval=nan", "autoheal.interval must be a number"),
        ("autoheal.grow=perhaps", "autoheal.grow must be written autoheal.grow or autoheal.nogrow."),
        ("autoheal.format=", "autoheal.format must be followed by = and a value, such as autoheal.format=if-blank."),
        ("autoheal.format=always", "autoheal.format 'always' is not one of if-blank, if-no-signature, never."),
        ("autoheal.mkfs-options=", "such as autoheal.mkfs-options=\"-m\\0400\\040-O\\040quota\"."),
        ("autoheal.options=ro", "autoheal.options is no option: options is whatever else is among the options."),
        ("autoheal.volume-id=vol-0", "volume-id is the first field of the line."),
        ("autoheal.mount-point=/x", "mount-point is the second field of the line."),
        ("autoheal-tries=6", "a setting is written autoheal.NAME=VALUE."),
        ("autoheal.nolabel", "'autoheal.nolabel' is not a setting"),
        ("bind", "'bind' is not an option of a plain mount"),
    ])
    func `a wrong option is named with its line, and what would be right`(_ option: String, _ words: String) {
        let said = problems(Self.entry("noatime,\(option)"))
        #expect(said.contains(words), "\(said)")
        #expect(said.hasPrefix("fstab: 'vol-0123456789abcdef0 /data autoheal "), "\(said)")
        #expect(said.split(separator: "\n").count == 1, "\(said)")
    }

    @Test(arguments: [
        ("/dev/xvdf", "'/dev/xvdf' is a path: systemd waits 90 s"), ("LABEL=data", "'LABEL=data' names a file system"),
        ("UUID=0b0c0d0e", "a blank volume has none"), ("vol-123", "'vol-123' is not a volume id."),
    ])
    func `what systemd would wait for, and never see, is no volume`(_ spec: String, _ words: String) {
        let said = problems(Self.entry(spec: spec))
        #expect(said.contains(words) && said.contains("vol-0123456789abcdef0"), "\(said)")
        #expect(Fstab(file: "fstab", entries: [Self.entry(spec: spec)]).volumes.isEmpty)
    }

    @Test(arguments: [
        ("x-systemd.mount-timeout=infinity", "nofail is missing"),
        ("nofail", "x-systemd.mount-timeout=infinity is missing"),
        ("nofail,x-systemd.mount-timeout=90", "x-systemd.mount-timeout must be infinity"),
        ("nofail,x-systemd.mount-timeout=0,x-systemd.automount", "x-systemd.automount puts an autofs"),
    ])
    func `a line with which a boot goes wrong is an error`(_ others: String, _ words: String) {
        let said = problems(Self.entry(others: others))
        #expect(said.contains(words) && said.split(separator: "\n").count == 1, "\(said)")
    }

    @Test func `a line that no boot mounts needs no nofail`() {
        #expect(problems(Self.entry(others: "noauto,x-systemd.mount-timeout=0")).isEmpty)
        #expect(problems(Self.entry(others: "noauto,auto,x-systemd.mount-timeout=0")).contains("nofail is missing"))
    }

    @Test func `lines that fight with each other are named`() {
        let other = "vol-0123456789abcdef1"
        let table: [(FstabEntry, String?)] = [
            (Self.entry(), "volume-id 'vol-0123456789abcdef0' is that of the line"),
            (Self.entry(at: "/elsewhere"), "volume-id 'vol-0123456789abcdef0' is that of the line"),
            (Self.entry(spec: other), "mount-point '/data' is that of the line"),
            (Self.entry(spec: "/dev/vdb", at: "/data/", type: "ext4"), "'/dev/vdb /data/ ext4"),
            (Self.entry(spec: other, at: "/data/inner"), nil),
            (Self.entry(spec: other, at: "/srv"), nil),
            (Self.entry(spec: "none", at: "none", type: "swap"), nil),
        ]
        for (second, words) in table {
            let said = Fstab(file: "fstab", entries: [Self.entry(), second]).problems()
            #expect(said.count == (words == nil ? 0 : 1), "\(said)")
            if let words { #expect(said.first?.text.contains(words) == true, "\(said)") }
        }
    }

    @Test func `a line that fights with the configuration file is named`() {
        var settings = VolumeSettings()
        settings.device = "/dev/sdf"
        settings.volumeID = "vol-0123456789abcdef0"
        settings.mountPoint = "/data"
        let file = ConfigurationFile(volumes: [settings])
        for (entry, words) in [
            (Self.entry(at: "/srv"), "is that of [[volume]] number 1 of config.toml too"),
            (Self.entry(spec: "vol-0123456789abcdef1"), "mount-point '/data' is that of [[volume]] number 1"),
            (Self.entry("autoheal.device=/dev/xvdf", spec: "vol-0123456789abcdef1", at: "/srv"), "the same slot"),
            (Self.entry(spec: "vol-0123456789abcdef1", at: "/data/inner"), "lie within each other"),
        ] {
            let said = Fstab(file: "fstab", entries: [entry]).problems(beside: file, named: "config.toml")
            #expect(said.count == 1 && said.first?.text.contains(words) == true, "\(said)")
        }
        let leftover = Self.entry(spec: "LABEL=data", type: "ext4", others: "nofail")
        let fstab = Fstab(file: "fstab", entries: [leftover])
        #expect(fstab.problems(beside: file).isEmpty)
        #expect(fstab.warnings(beside: file).first?.contains("LABEL=data /data ext4") == true)
    }

    @Test func `a line that is written is read as the same settings`() throws {
        var settings = VolumeSettings()
        settings.volumeID = "vol-0123456789abcdef0"
        settings.device = "/dev/xvdf"
        settings.mountPoint = "/my data"
        settings.tries = 6
        settings.interval = 2.5
        settings.options = "noatime,errors=remount-ro"
        settings.label = "a,b c"
        settings.format = "never"
        settings.mode = "0750"
        settings.grow = false
        settings.check = true
        settings.mkfsOptions = ["-m", "0", "-O", "quota,^orphan_file"]
        let line = try FstabVolume.line(for: settings)
        let fields = line.split(separator: " ").map { String($0).replacing("\\040", with: " ") }
        #expect(fields.count == 6 && fields[3].contains("nofail,x-systemd.mount-timeout=infinity"), "\(line)")
        let entry = FstabEntry(
            spec: fields[0],
            mountPoint: fields[1],
            type: fields[2],
            options: fields[3],
            passedOptions: fields[3].replacing("nofail,x-systemd.mount-timeout=infinity,", with: "")
        )
        #expect(try FstabVolume(entry, file: "fstab").settings == settings)
        #expect(problems(entry).isEmpty)
        settings = VolumeSettings()
        settings.volumeID = "vol-0123456789abcdef0"
        settings.device = FstabVolume.device(of: try #require(VolumeID("vol-0123456789abcdef0")))
        #expect(
            try FstabVolume.line(for: settings)
                == "vol-0123456789abcdef0 /data autoheal nofail,x-systemd.mount-timeout=infinity 0 0"
        )
    }

    @Test func `no line is written that could not be read`() throws {
        var settings = VolumeSettings()
        settings.device = "/dev/sdf"
        #expect(throws: ConfigurationError.self) { try FstabVolume.line(for: settings) }
        settings.volumeID = "vol-0123456789abcdef0"
        settings.label = "a\"b"
        #expect(throws: ConfigurationError.self) { try FstabVolume.line(for: settings) }
    }

    @Test func `a check by fsck is warned of`() {
        var entry = Self.entry()
        entry.passNumber = 2
        #expect(Fstab(file: "fstab", entries: [entry]).warnings().first?.contains("fsck.autoheal") == true)
    }

    @Test(arguments: [
        ("x-autoheal.format=never", "a setting is written autoheal.NAME=VALUE"),
        ("X-autoheal.tries=1", "a setting is written autoheal.NAME=VALUE"),
        ("format=never", "write autoheal.format=never"), ("nogrow", "write autoheal.nogrow"),
        ("X-mount.subdir=x", "is not an option of a plain mount"), ("loop", "is not an option of a plain mount"),
        ("offset=4096", "is not an option of a plain mount"),
        ("verity.hashdevice=/x", "is not an option of a plain mount"),
    ])
    func `an option that mount keeps to itself, or that lacks its prefix, is an error`(option: String, words: String) {
        let found = problems(Self.entry(others: "\(Self.right),\(option)"))
        #expect(found.contains(words) && found.contains("'\(option)'"), "\(found)")
    }

    @Test func `options of mount and systemd are no settings`() {
        let found = problems(Self.entry("rw,noatime", others: "\(Self.right),owner,user,x-mount.mkdir,comment=format"))
        #expect(found.isEmpty, "\(found)")
    }
}
