import AutohealSpec
import CloudTemplates
import ConfigurationFile
import Foundation
import Testing
import Yams

@Suite("User data")
struct UserDataTests {
    private static let sources: [PackageSource] = {
        let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----"
        guard let url = try? PackageURL("https://example.com/a.deb"),
            let digest = try? Digest(String(repeating: "0", count: 64)),
            let apt = try? AptSource(source: "https://apt.example.com bookworm main", key: key, version: "0.1.0-1")
        else { return [] }
        return [.url(url, digest), .apt(apt), .preinstalled]
    }()

    private static let configurations: [ConfigurationFile] = {
        var one = VolumeSettings()
        one.volumeID = "vol-0123456789abcdef0"
        var two = VolumeSettings()
        two.device = "/dev/sdg"
        two.mountPoint = "/srv/it's \"quoted\" ${x} %{y} é"
        two.label = "a: b # c"
        var agent = AgentSettings()
        agent.logFormat = "json"
        let first = one.withStackDefaults
        return [
            ConfigurationFile(volumes: [first]),
            ConfigurationFile(agent: agent, volumes: [first, two.withStackDefaults]),
        ]
    }()

    @Test("The agent parses the configuration in it, and reads what was wished", arguments: sources, configurations)
    func configuration(source: PackageSource, configuration: ConfigurationFile) throws {
        let userData = try UserData(configuration: configuration, source: source)
        let text = try userData.text(format: .cloudConfig)
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        #expect(Set(document.keys) == ["runcmd", "merge_how"])
        let command = try #require((document["runcmd"] as? [String])?.first)
        let shell = try userData.text(format: .shell)
        #expect(shell.hasPrefix("#!/bin/sh\n") && command.contains("\n\(shell)END_OF_SCRIPT\n"))
        let path = ConfigurationFile.standardPath
        let written = try #require(shell.split(separator: "cat >> \(path).new <<'END_OF_FILE'\n").dropFirst().first)
        let content = try #require(written.split(separator: "END_OF_FILE\n").first)
        #expect(try ConfigurationFile(parsing: String(content), file: "config.toml") == configuration)
        #expect(written.contains("chmod 0644 \(path).new\n"))
    }

    @Test("The unit is started and not waited for, in every form", arguments: sources, UserDataFormat.allCases)
    func start(source: PackageSource, format: UserDataFormat) throws {
        let text = try UserData(configuration: Self.configurations[0], source: source).text(format: format)
        #expect(text.replacing(", ", with: " ").contains("systemctl start --no-block autoheal-agent.service"))
        #expect(!text.contains("mkfs") && !text.contains("mount -"))
    }

    @Test("A volume has a device and a mount point; nothing else is decided for the agent")
    func defaults() {
        var given = VolumeSettings()
        #expect(given.withStackDefaults.device == "/dev/sdf")
        #expect(given.withStackDefaults.mountPoint == "/data")
        #expect(given.withStackDefaults.tries == nil)
        given.device = "/dev/xvdb"
        given.mountPoint = "/srv"
        #expect(given.withStackDefaults == given)
    }

    @Test("An instance is powered off for want of its volume only on request, and only after the last try")
    func powerOff() throws {
        let configuration = Self.configurations[0]
        let off = try UserData(configuration: configuration, source: .preinstalled, powersOffOnFailure: true)
        let text = try off.text(format: .shell)
        #expect(text.contains("\nOnFailure=autoheal-power-off.service\n"))
        // systemd 255 and newer takes OnFailure= after the first try without it, and FailureAction= with every version.
        #expect(text.contains("\n[Service]\nRestartMode=direct\n"))
        #expect(!text.contains("FailureAction"))
        let on = try UserData(configuration: configuration, source: .preinstalled)
        #expect(try !on.text(format: .shell).contains("poweroff"))
    }

    @Test("What a template language would expand is escaped, once", arguments: UserDataFormat.allCases)
    func escaping(format: UserDataFormat) throws {
        let userData = try UserData(configuration: Self.configurations[1], source: Self.sources[0])
        let raw = try userData.text(format: format)
        let sub = try userData.text(format: format, language: .cloudformation)
        #expect(sub.replacing("${!", with: "${") == raw)
        #expect(sub.ranges(of: "${").count == sub.ranges(of: "${!").count)
        let hcl = try userData.text(format: format, language: .terraform)
        #expect(hcl.replacing("$${", with: "${").replacing("%%{", with: "%{") == raw)
        #expect(hcl.ranges(of: "${").count == hcl.ranges(of: "$${").count)
        #expect(hcl.ranges(of: "%{").count == hcl.ranges(of: "%%{").count)
    }

    @Test("Base64 holds the raw text, whatever it is for", arguments: TemplateLanguage.allCases)
    func base64(language: TemplateLanguage) async throws {
        let userData = try UserData(configuration: Self.configurations[1], source: .preinstalled)
        let encoded = try await userData.text(format: .shell, encoding: .base64, language: language)
        let data = try #require(Data(base64Encoded: encoded.trimmingCharacters(in: .newlines)))
        #expect(String(decoding: data, as: UTF8.self) == (try userData.text(format: .shell)))
    }

    @Test("The same wish gives the same bytes", arguments: UserDataFormat.allCases, UserDataEncoding.allCases)
    func deterministic(format: UserDataFormat, encoding: UserDataEncoding) async throws {
        var texts: Set<String> = []
        for _ in 0..<3 {
            let userData = try UserData(configuration: Self.configurations[1], source: Self.sources[1])
            texts.insert(try await userData.text(format: format, encoding: encoding))
        }
        #expect(texts.count == 1)
    }

    @Test("More than 16 KiB is refused before base64, and compressed if that helps")
    func limit() async throws {
        let words = (0..<3000).map { "echo \($0)" }.joined(separator: "\n")
        let part = try UserDataPart(name: "app.sh", content: "#!/bin/sh\n\(words)\n")
        let large = try UserData(
            configuration: Self.configurations[0],
            source: .preinstalled,
            appendedParts: [part]
        )
        let error = try await #require(throws: GenerationError.self) {
            try await large.text(format: .mime, encoding: .base64)
        }
        #expect("\(error)".contains("EC2 takes at most 16384. Compress it: --encode gzip-base64."))
        let packed = try await large.text(format: .mime, encoding: .gzipBase64)
        #expect(packed.utf8.count <= 16_384 / 3 * 4 + 8)
    }

    @Test("Parts of the user's own follow in their order; what cloud-init would ignore is refused")
    func parts() throws {
        let own = [
            try UserDataPart(name: "dir/app.sh", content: "#!/bin/sh\necho é"),
            try UserDataPart(name: "users.yaml", content: "#cloud-config\nusers: []\n"),
        ]
        let userData = try UserData(
            configuration: Self.configurations[0],
            source: .preinstalled,
            appendedParts: own
        )
        let text = try userData.text(format: .mime)
        let types = text.split(separator: "\n").filter { $0.hasPrefix("Content-Type: text/") }
        #expect(
            types.map { $0.dropFirst(19).prefix { $0 != ";" } } == ["x-shellscript", "x-shellscript", "cloud-config"]
        )
        #expect(text.contains("filename=\"001-app.sh\""))
        #expect(throws: GenerationError.self) { try UserDataPart(name: "notes.txt", content: "hello") }
        #expect(throws: GenerationError.self) { try userData.text(format: .shell) }
    }

    @Test("A configuration that the agent would refuse is refused here, in the same words")
    func refusedConfiguration() throws {
        var settings = VolumeSettings()
        settings.device = "/dev/sdf"
        settings.mountPoint = "/etc"
        let error = try #require(throws: GenerationError.self) {
            try UserData(configuration: ConfigurationFile(volumes: [settings]), source: .preinstalled)
        }
        #expect("\(error)".contains("mount-point '/etc' is a directory of the system"))
        #expect(throws: GenerationError.self) {
            try UserData(configuration: ConfigurationFile(volumes: []), source: .preinstalled)
        }
    }
}
