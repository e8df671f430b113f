import AutohealSpec
import ConfigurationFile
import Testing

@Suite("A configuration file, written")
struct WritingTests {
    @Test("Only what was given is written, one table per volume")
    func text() {
        var data = VolumeSettings()
        data.device = "/dev/sdf"
        data.mountPoint = "/data"
        data.interval = 10
        var logs = VolumeSettings()
        logs.device = "/dev/sdg"
        logs.mountPoint = "/var/log/app"
        logs.mkfsOptions = ["-m", "0"]
        var agent = AgentSettings()
        agent.logFormat = "json"
        #expect(
            ConfigurationFile(agent: agent, volumes: [data, logs]).text == """
                [agent]
                log-format = "json"

                [[volume]]
                device = "/dev/sdf"
                interval = 10
                mount-point = "/data"

                [[volume]]
                device = "/dev/sdg"
                mkfs-options = [ "-m", "0" ]
                mount-point = "/var/log/app"

                """
        )
    }

    @Test("What is written is read as the same value", arguments: 0..<200)
    func roundTrip(seed: Int) throws {
        var generator = SplitMix(state: UInt64(seed))
        let labels = ["data", "a b", "é#'\"", "\\back", "= [x]", "tab\\t"]
        var volumes: [VolumeSettings] = []
        for index in 0..<Int.random(in: 0...4, using: &generator) {
            var volume = VolumeSettings()
            volume.device = "/dev/sd\(["f", "g", "h", "i"][index])"
            volume.mountPoint = "/mnt/\(index) \(labels.randomElement(using: &generator) ?? "")"
            volume.label = labels.randomElement(using: &generator)
            volume.tries = [nil, 1, 90].randomElement(using: &generator) ?? nil
            volume.interval = [nil, 0, 0.25, 10, 86_400].randomElement(using: &generator) ?? nil
            volume.grow = [nil, true, false].randomElement(using: &generator) ?? nil
            volume.options = [nil, "noatime,nodev", "context=\"a,b\""].randomElement(using: &generator) ?? nil
            volume.mkfsOptions = [nil, ["-O", "^has_journal"], []].randomElement(using: &generator) ?? nil
            volumes.append(volume)
        }
        var agent = AgentSettings()
        agent.logLevel = [nil, "info"].randomElement(using: &generator) ?? nil
        agent.metadataDisabled = [nil, true].randomElement(using: &generator) ?? nil
        var health = HealthSettings()
        health.listen = [nil, "[::1]:1"].randomElement(using: &generator) ?? nil
        health.interval = [nil, 0.5, 10].randomElement(using: &generator) ?? nil
        health.requireServices = [nil, [], ["a@b.service"]].randomElement(using: &generator) ?? nil
        var handOver = HandOverSettings()
        handOver.on = [nil, [], ["spot", "terminate"]].randomElement(using: &generator) ?? nil
        handOver.wait = [nil, 0, 1.5].randomElement(using: &generator) ?? nil
        let file = ConfigurationFile(agent: agent, health: health, handOver: handOver, volumes: volumes)
        #expect(try ConfigurationFile(parsing: file.text, file: "c") == file)
    }
}
