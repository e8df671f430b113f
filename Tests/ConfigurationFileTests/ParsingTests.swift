import AutohealSpec
import ConfigurationFile
import NetworkAddress
import Testing

@Suite("A configuration file, read")
struct ParsingTests {
    @Test("Every key of a volume, of the agent and of the watcher is taken, under the name of its flag")
    func everyKey() throws {
        let file = try ConfigurationFile(
            parsing: """
                [agent]
                log-format = "json"
                log-level = "debug"
                log-console = false
                metadata-endpoint = "http://127.0.0.1:1338"
                metadata-endpoint-mode = "IPv6"
                metadata-disabled = false

                [health]
                listen = "[::]:9465"
                interval = 2.5
                start-limit = 60
                free-percent = 10
                require-services = ["postgresql@15-main.service", "a.socket"]
                require-url = "http://localhost:8080/ready?deep=1"

                [hand-over]
                on = ["terminate", "spot"]
                wait = 90

                [[volume]]
                device = "/dev/sdf"
                mount-point = "/data"
                tries = 90
                interval = 2.5
                volume-id = "vol-0123456789abcdef0"
                filesystem = "ext4"
                label = "data"
                options = "noatime"
                format = "never"
                owner = "postgres:postgres"
                mode = "0750"
                grow = false
                check = false
                mkfs-options = "-m 0"
                """,
            file: "config.toml"
        )
        let volume = try #require(file.volumes.first)
        #expect(file.agent.logFormat == "json")
        #expect(file.agent.logLevel == "debug")
        #expect(file.agent.logConsole == false)
        #expect(file.agent.metadataEndpoint == "http://127.0.0.1:1338")
        #expect(file.agent.metadataEndpointMode == "IPv6")
        #expect(file.agent.metadataDisabled == false)
        #expect(file.health.listen.flatMap(ListenAddress.init)?.host == "::")
        #expect(file.health.interval == 2.5)
        #expect(file.health.startLimit == 60)
        #expect(file.health.freePercent == 10)
        #expect(file.health.requireServices == ["postgresql@15-main.service", "a.socket"])
        let page = file.health.requireURL.flatMap { try? HTTPTarget($0) }
        #expect(page.map { "\($0)" } == "http://127.0.0.1:8080/ready?deep=1")
        #expect(file.handOver.reasons == [.terminate, .spot])
        #expect(file.handOver.wait == 90)
        #expect(volume.device == "/dev/sdf")
        #expect(volume.mountPoint == "/data")
        #expect(volume.tries == 90)
        #expect(volume.interval == 2.5)
        #expect(volume.volumeID == "vol-0123456789abcdef0")
        #expect(volume.filesystem == "ext4")
        #expect(volume.label == "data")
        #expect(volume.options == "noatime")
        #expect(volume.format == "never")
        #expect(volume.owner == "postgres:postgres")
        #expect(volume.mode == "0750")
        #expect(volume.grow == false)
        #expect(volume.check == false)
        #expect(volume.mkfsOptions == ["-m", "0"])
        #expect(try file.specs().map(\.mountPoint) == ["/data"])
        // No key is forgotten where flags are laid over a file, and none of the file wins.
        #expect(VolumeSettings().over(volume) == volume && volume.over(VolumeSettings()) == volume)
        #expect(HealthSettings().over(file.health) == file.health && file.health.over(HealthSettings()) == file.health)
        var flags = VolumeSettings()
        flags.grow = true
        flags.mkfsOptions = []
        let both = flags.over(volume)
        #expect(both.grow == true && both.mkfsOptions == [] && both.check == false && both.label == "data")
    }

    @Test("An empty file is valid: the machine has not been configured", arguments: ["", "# nothing\n", "[agent]\n"])
    func empty(text: String) throws {
        #expect(try ConfigurationFile(parsing: text, file: "f") == ConfigurationFile(volumes: []))
    }

    @Test("mkfs options may be an array, whose words may contain spaces")
    func words() throws {
        let text = "[[volume]]\ndevice='/dev/sdf'\nmkfs-options = ['-E', 'stride=4', '-m', '0']\n"
        let file = try ConfigurationFile(parsing: text, file: "f")
        #expect(file.volumes.first?.mkfsOptions == ["-E", "stride=4", "-m", "0"])
    }

    @Test("Volumes keep their order, whichever way the tables are written")
    func inline() throws {
        let text = "volume = [{device = '/dev/sdg', mount-point = '/b'}, {device = '/dev/sdf', mount-point = '/a'}]"
        #expect(try ConfigurationFile(parsing: text, file: "f").volumes.map(\.mountPoint) == ["/b", "/a"])
    }

    @Test("A file that is not there is told from one that cannot be read")
    func missing() throws {
        let missing = try #require(throws: ConfigurationFileError.self) {
            try ConfigurationFile(path: "/nonexistent/config.toml")
        }
        #expect(missing.isMissing)
        #expect("\(missing)" == "/nonexistent/config.toml: cannot be read: No such file or directory.")
        let directory = try #require(throws: ConfigurationFileError.self) { try ConfigurationFile(path: "/") }
        #expect(!directory.isMissing)
    }
}
