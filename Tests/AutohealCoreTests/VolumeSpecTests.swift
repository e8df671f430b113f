import AutohealPlan
import AutohealSpec
import TestSupport
import Testing

@Suite("Volume specification")
struct VolumeSpecTests {
    @Test("has the documented defaults")
    func defaults() throws {
        let spec = try VolumeSpec.test()
        #expect(spec.mountPoint == "/data" && spec.tries == 6 && spec.interval == .seconds(10))
        #expect(spec.formatPolicy == .ifBlank && spec.grow && spec.check && spec.requiredType == nil)
        #expect(spec.deadline == .seconds(60))
    }

    struct Wrong: CustomTestStringConvertible, Sendable {
        let key: String
        let change: @Sendable (inout VolumeSettings) -> Void
        let value: String
        var testDescription: String { "\(key)=\(value)" }
        init(_ key: String, _ value: String, _ change: @escaping @Sendable (inout VolumeSettings, String) -> Void) {
            self.key = key
            self.value = value
            self.change = { change(&$0, value) }
        }
    }

    static let wrong: [Wrong] =
        ["", "xvdb", "/", "/dev/x\u{0}b", "/dev/\n"].map { Wrong("device", $0) { $0.device = $1 } }
        + ["data", "/", "//", "/etc", "/etc/", "/a/../etc", "/usr", "/dev", "/a\nb"].map {
            Wrong("mount-point", $0) { $0.mountPoint = $1 }
        }
        + ["0", "-1", "100001", "9223372036854775807"].map { Wrong("tries", $0) { $0.tries = Int($1) } }
        + ["-1", "nan", "inf", "-inf", "1e300", "86401"].map { Wrong("interval", $0) { $0.interval = Double($1) } }
        + ["vol-", "nonsense", "vol-0123"].map { Wrong("volume-id", $0) { $0.volumeID = $1 } }
        + ["xfs", "EXT4", ""].map { Wrong("filesystem", $0) { $0.filesystem = $1 } }
        + ["", "seventeen letters", "a\u{7}b"].map { Wrong("label", $0) { $0.label = $1 } }
        + ["always", "", "If-Blank"].map { Wrong("format", $0) { $0.format = $1 } }
        + ["", ":", "a:", ":b", "a:b:c"].map { Wrong("owner", $0) { $0.owner = $1 } }
        + ["75", "0888", "rwx", "17777", "-755", "+755"].map { Wrong("mode", $0) { $0.mode = $1 } }
        + ["nofail, noatime", " noatime", "bind", "noatime,remount", "X-mount.subdir=a", "a,,b", "\"a", "loop", "a\nb"]
        .map {
            Wrong("options", $0) { $0.options = $1 }
        }
        + ["-F", "-n", "-S", "-t xfs", "-U random", "-L x", "/dev/vda", "-m", "-Fm0", "-q"].map {
            Wrong("mkfs-options", $0) { $0.mkfsOptions = $1.split(separator: " ").map(String.init) }
        }

    @Test("refuses what cannot be, under the name of the setting", arguments: wrong)
    func refuses(wrong: Wrong) {
        #expect {
            _ = try VolumeSpec.test(wrong.change)
        } throws: { error in
            (error as? ConfigurationError)?.key == wrong.key
        }
    }

    @Test("mount points are normalised")
    func mountPoints() throws {
        #expect(try VolumeSpec.test { $0.mountPoint = "//srv//data/" }.mountPoint == "/srv/data")
    }

    @Test("the last of ro and rw counts, and quoted values may hold commas")
    func options() throws {
        #expect(try MountOptions("ro,rw").isReadOnly == false)
        #expect(try MountOptions("noatime,ro").isReadOnly)
        #expect(try MountOptions("context=\"a,ro,b\",noatime").isReadOnly == false)
    }

    @Test("mkfs options are taken apart, and extended ones kept together")
    func mkfsOptions() throws {
        let options = try MkfsOptions(words: ["-m0", "-E", "stride=4", "-O", "quota", "-Estripe-width=8"])
        #expect(options.arguments == ["-m", "0", "-O", "quota"])
        #expect(options.extended == ["stride=4", "stripe-width=8"])
    }
}

extension VolumeSpecTests {
    @Test(
        "a name that the kernel gives anew at every boot is known as such, unless a volume id is beside it",
        arguments: [
            ("/dev/nvme1n1", true), ("/dev/nvme10n2p3", true), ("/dev/nvme1", false), ("/dev/nvme1n", false),
            ("/dev/nvmen1", false), ("/dev/nvme1n1p", false), ("/dev/nvme1n1p1p1", false), ("/dev/xvdf", false),
            ("/dev/sdf1", false), ("/dev/disk/by-id/nvme1n1", false), ("/dev/nvme1n1x", false), ("/dev/nvme１n1", false),
            ("/dev//nvme1n1", true), ("/dev/./nvme1n1", true), ("//dev/nvme1n1/", true), ("/dev/block/259:1", true),
        ]
    )
    func kernelNames(device: String, isAlone: Bool) throws {
        #expect(try VolumeSpec.test { $0.device = device }.isKernelNameAlone == isAlone)
        let named = try VolumeSpec.test { ($0.device, $0.volumeID) = (device, "vol-0123456789abcdef0") }
        #expect(!named.isKernelNameAlone && named.needsProof)
    }

    @Test(
        "a link that nobody keeps up to date is no better than the name that it leads to",
        arguments: [
            ("/etc/data-disk", "/dev/nvme1n1", true),
            ("/dev/disk/by-path/pci-0000:00:1f.0-nvme-1", "/dev/nvme1n1", true),
            ("/dev/sdf", "/dev/nvme1n1", false), ("/dev/disk/by-id/nvme-Amazon_EBS_vol0123", "/dev/nvme1n1", false),
            ("/etc/data-disk", "/dev/xvdf", false),
        ]
    )
    func links(device: String, node: String, isProhibited: Bool) throws {
        let spec = try VolumeSpec.test { $0.device = device }
        #expect((spec.formatProhibition(of: nil, node: node) != nil) == isProhibited)
        let named = try VolumeSpec.test { ($0.device, $0.volumeID) = (device, "vol-0123456789abcdef0") }
        #expect(named.formatProhibition(of: nil, node: node) == nil)
    }
}
